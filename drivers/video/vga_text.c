/*
 * The VGA text console. Video memory holds eight screens, and a register says
 * which cell is shown first: to scroll, the window moves down one row and only
 * the new row is blanked. When it reaches the end, once in 180 lines, the
 * screen is copied back to the start.
 *
 * Under a hypervisor each access to video memory or a register may be an exit,
 * so cells are written four at a time and registers once a vt_write(), if changed.
 */
#include <arch/insn.h>
#include <drivers/video/vga_text.h>
#include <drivers/video/vt.h>
#include <lib/console.h>
#include <lib/errno.h>
#include <mm/ioremap.h>

#define ATTRIBUTE	 0x07 /* light grey on black */
#define BLANK_CELL	 (ATTRIBUTE << 8 | ' ')
#define FOUR_CELLS(cell) ((u64)(cell)*0x0001000100010001ULL)

_Static_assert(VGA_COLS % 4 == 0, "rows are copied in pieces of four cells");

static struct {
	struct vt vt;
	u16 *cells; /* video memory */
	u32 origin; /* the cell shown top left; origin + one screen <= VGA_TEXT_CELLS */
	u16 crtc_start, crtc_cursor; /* what the registers hold */
} vga;

static u16 *cell_at(u32 row, u32 col)
{
	return vga.cells + vga.origin + row * VGA_COLS + col;
}

static void store_four(u16 *cell, u64 value)
{
	WRITE_ONCE(*(u64 *)cell, value);
}

/* Characters a b c d in the bytes of `text` become the cells 0a 0b 0c 0d. */
static u64 spread(u32 text)
{
	u64 x = text;

	x = (x | x << 16) & 0x0000ffff0000ffffULL;
	return (x | x << 8) & 0x00ff00ff00ff00ffULL;
}

static void vga_put(struct vt *vt __maybe_unused, u32 row, u32 col, const char *s, u32 n)
{
	u16 *cell = cell_at(row, col);

	for (; n >= 4; n -= 4, s += 4, cell += 4)
		store_four(cell, spread(*(const u32 *)s) | FOUR_CELLS(ATTRIBUTE << 8));
	for (; n; n--)
		WRITE_ONCE(*cell++, (u16)(ATTRIBUTE << 8 | (u8)*s++));
}

static void blank(u16 *cell, u32 n)
{
	for (; n >= 4; n -= 4, cell += 4)
		store_four(cell, FOUR_CELLS(BLANK_CELL));
	for (; n; n--)
		WRITE_ONCE(*cell++, BLANK_CELL);
}

static void vga_erase(struct vt *vt __maybe_unused, u32 row, u32 col, u32 n)
{
	blank(cell_at(row, col), n);
}

/* The window is at the end of video memory: begin again at its start with all rows but the first. */
static void back_to_start(void)
{
	const u64 *from = (const u64 *)cell_at(1, 0);
	u64 *to = (u64 *)vga.cells;

	for (u32 i = 0; i < VGA_COLS * (VGA_ROWS - 1) / 4; i++)
		WRITE_ONCE(to[i], READ_ONCE(from[i]));
	vga.origin = 0;
}

static void vga_scroll(struct vt *vt __maybe_unused)
{
	if (vga.origin + VGA_COLS * (VGA_ROWS + 1) > VGA_TEXT_CELLS)
		back_to_start();
	else
		vga.origin += VGA_COLS;
	blank(cell_at(VGA_ROWS - 1, 0), VGA_COLS);
}

/* A 16-bit value lives in two registers, the high half first; one write is index and data. */
static void crtc_set(u8 high_register, u16 value, u16 *held)
{
	u16 changed = value ^ *held;

	if (changed >> 8)
		outw(VGA_CRT_I, (u16)((value & 0xff00) | high_register));
	if (changed & 0xff)
		outw(VGA_CRT_I, (u16)(value << 8 | (high_register + 1)));
	*held = value;
}

static void vga_flush(struct vt *vt)
{
	crtc_set(VGA_CRTC_START_HI, (u16)vga.origin, &vga.crtc_start);
	crtc_set(VGA_CRTC_CURSOR_HI, (u16)(vga.origin + vt->row * VGA_COLS + vt->col),
		 &vga.crtc_cursor);
}

static const struct vt_ops vga_ops = {
	.put = vga_put,
	.erase = vga_erase,
	.scroll = vga_scroll,
	.flush = vga_flush,
};

static void vga_console_write(struct console *con __maybe_unused, const char *s, size_t n)
{
	vt_write(&vga.vt, s, n);
}

static struct console vga_console = {.name = "vga", .write = vga_console_write};

/* A VGA in colour text mode. An empty bus reads 0xff, where a VGA never has all bits set. */
static bool vga_detect(void)
{
	u8 misc = inb(VGA_MIS_R);

	if (misc == 0xff || !(misc & VGA_MIS_COLOUR))
		return false;
	outb(VGA_GFX_I, VGA_GFX_MISC);
	return !(inb(VGA_GFX_D) & VGA_GFX_MISC_GRAPHICS);
}

int vga_text_init(void)
{
	if (!vga_detect())
		return -ENODEV;
	vga.cells = ioremap(VGA_TEXT_PHYS, VGA_TEXT_CELLS * sizeof(*vga.cells));
	if (!vga.cells)
		return -ENOMEM;
	outw(VGA_CRT_I, 13 << 8 | VGA_CRTC_CURSOR_START);
	outw(VGA_CRT_I, 14 << 8 | VGA_CRTC_CURSOR_END);
	blank(vga.cells, VGA_COLS * VGA_ROWS);
	vt_init(&vga.vt, &vga_ops, VGA_ROWS, VGA_COLS);
	vga.crtc_start = vga.crtc_cursor =
		0xffff; /* not what is to be set: every register is written */
	vga_flush(&vga.vt);
	register_console(&vga_console);
	return 0;
}
