/*
 * Text on a linear framebuffer.
 *
 * The idea: reading video memory is slow, writing it is not cheap, and most of a scrolled screen looks as it
 * did. So the text lives in RAM twice, as it should be (`want`) and as it is drawn (`shown`); scrolling
 * moves bytes in `want`, and a flush draws the font rows that differ.
 *
 * Invariant: outside of flush(), a cell of a row that is not between dirty_first and dirty_last is drawn as wanted.
 *
 * Pixels are made four at a time: for each nibble of a glyph row there is a ready piece of line in the
 * framebuffer's own format, so that drawing knows neither depth nor colour layout.
 */
#define pr_fmt(fmt) "fbcon: " fmt

#include <drivers/video/font.h>
#include <drivers/video/framebuffer.h>
#include <drivers/video/vt.h>
#include <lib/bitops.h>
#include <lib/console.h>
#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <mm/ioremap.h>

#define MAX_COLS  256 /* a larger screen gets a margin; see scale_for() */
#define MAX_ROWS  80
#define MAX_SCALE 2
#define MAX_SPAN  (4 * 4 * MAX_SCALE) /* bytes of a nibble: four pixels of up to four bytes */

#define CURSOR \
	0x80 /* in a cell: drawn inverted. Characters take the other seven bits, unknown ones as BOX */
#define BOX   0x7f
#define BLANK ' '

#define FOREGROUND 0xd8 /* a light grey, in parts of 255 */

static struct {
	struct vt vt;
	u8 *mem; /* the top left pixel of the text */
	u32 pitch;
	u32 scale; /* screen pixels to a font pixel, in both directions */
	u32 span;  /* bytes of four font pixels on the screen */
	u32 cursor_row;
	u32 dirty_first, dirty_last; /* first > last: nothing is dirty */
	u8 want[MAX_ROWS][MAX_COLS] __aligned(8);
	u8 shown[MAX_ROWS][MAX_COLS] __aligned(8);
	u8 piece[16][MAX_SPAN];
} fb;

static void mark_dirty(u32 first, u32 last)
{
	fb.dirty_first = min(fb.dirty_first, first);
	fb.dirty_last = max(fb.dirty_last, last);
}

/* ---- cells ----------------------------------------------------------------------------------- */

static void fb_put(struct vt *vt __maybe_unused, u32 row, u32 col, const char *s, u32 n)
{
	u8 *cell = &fb.want[row][col];

	for (; n; n--, s++)
		*cell++ = (u8)*s < BOX ? (u8)*s : BOX;
	mark_dirty(row, row);
}

static void fb_erase(struct vt *vt __maybe_unused, u32 row, u32 col, u32 n)
{
	memset(&fb.want[row][col], BLANK, n);
	mark_dirty(row, row);
}

static void fb_scroll(struct vt *vt)
{
	memmove(fb.want[0], fb.want[1], (vt->rows - 1) * sizeof(fb.want[0]));
	memset(fb.want[vt->rows - 1], BLANK, sizeof(fb.want[0]));
	mark_dirty(0, vt->rows - 1);
}

/* ---- pixels ---------------------------------------------------------------------------------- */

/* Half a cell as it looks, a font row in each byte, the top one lowest. */
static u64 half_cell(u8 cell, u32 half)
{
	u64 rows = ((const u64 *)font_glyph(cell & ~CURSOR))[half];

	return cell & CURSOR ? ~rows : rows;
}

/*
 * From what is shown to what is wanted: about half of the font rows differ between two characters. `span`
 * is a constant in each caller, so a copy is a move or two and no call; scale and pitch are copied, because
 * the compiler must take every store of pixels for one that could change them.
 */
static __always_inline void draw_difference(u8 *at, u8 shown, u8 want, const u32 span)
{
	const u32 scale = fb.scale, pitch = fb.pitch;

	for (u32 half = 0; half < 2; half++, at += 8 * scale * pitch) {
		u64 rows = half_cell(want, half);
		u64 differ = rows ^ half_cell(shown, half);

		while (differ) {
			u32 bit = (u32)__ffs(differ) & ~7U;
			const u8 *left = fb.piece[rows >> bit >> 4 & 0xf];
			const u8 *right = fb.piece[rows >> bit & 0xf];
			u8 *line = at + bit / 8 * scale * pitch;

			for (u32 i = 0; i < scale; i++, line += pitch) {
				__builtin_memcpy(line, left, span);
				__builtin_memcpy(line + span, right, span);
			}
			differ &= ~(0xffULL << bit);
		}
	}
}

static void draw_cell(u32 row, u32 col, u8 shown, u8 want)
{
	u8 *at = fb.mem + (u64)row * FONT_HEIGHT * fb.scale * fb.pitch + (u64)col * 2 * fb.span;

	switch (fb.span) {
	case 8: /* 15 and 16 bits */
		return draw_difference(at, shown, want, 8);
	case 12: /* 24 */
		return draw_difference(at, shown, want, 12);
	case 16: /* 32, or 16 twice as large */
		return draw_difference(at, shown, want, 16);
	case 24:
		return draw_difference(at, shown, want, 24);
	case 32:
		return draw_difference(at, shown, want, 32);
	}
}

/* Bring one row up to date, eight cells to a look. */
static void draw_row(u32 row, u32 cols)
{
	const u64 *want = (const u64 *)fb.want[row];
	const u64 *shown = (const u64 *)fb.shown[row];

	for (u32 col = 0; col < cols; col++) {
		if (col % 8 == 0 && want[col / 8] == shown[col / 8]) {
			col += 7;
			continue;
		}
		if (fb.want[row][col] == fb.shown[row][col])
			continue;
		draw_cell(row, col, fb.shown[row][col], fb.want[row][col]);
		fb.shown[row][col] = fb.want[row][col];
	}
}

/* The cursor is in `want` only while drawing, so that scrolling does not move it. */
static void fb_flush(struct vt *vt)
{
	u8 *under = &fb.want[vt->row][vt->col];

	mark_dirty(vt->row, vt->row);
	mark_dirty(fb.cursor_row, fb.cursor_row);
	*under |= CURSOR;
	for (u32 row = fb.dirty_first; row <= fb.dirty_last; row++)
		draw_row(row, vt->cols);
	*under &= ~CURSOR;
	fb.cursor_row = vt->row;
	fb.dirty_first = MAX_ROWS;
	fb.dirty_last = 0;
}

static const struct vt_ops fb_ops = {
	.put = fb_put,
	.erase = fb_erase,
	.scroll = fb_scroll,
	.flush = fb_flush,
};

/* ---- start ----------------------------------------------------------------------------------- */

/* A grey of `level` parts of 255 in the framebuffer's format. */
static u32 pixel(const struct framebuffer_info *info, u32 level)
{
	return (level * ((1U << info->red_bits) - 1) / 255) << info->red_shift |
	       (level * ((1U << info->green_bits) - 1) / 255) << info->green_shift |
	       (level * ((1U << info->blue_bits) - 1) / 255) << info->blue_shift;
}

/* The sixteen ways in which four pixels can be set, on black. */
static void make_pieces(const struct framebuffer_info *info)
{
	u32 ink[2] = {0, pixel(info, FOREGROUND)};
	u32 bytes = fb.span / (4 * fb.scale);

	for (u32 nibble = 0; nibble < 16; nibble++)
		for (u32 x = 0; x < 4 * fb.scale; x++)
			memcpy(&fb.piece[nibble][x * bytes], &ink[nibble >> (3 - x / fb.scale) & 1],
			       bytes);
}

/* Characters twice as large where the text would not fill the screen otherwise. */
static u32 scale_for(const struct framebuffer_info *info)
{
	bool large = info->width > MAX_COLS * FONT_WIDTH || info->height > MAX_ROWS * FONT_HEIGHT;

	return large ? MAX_SCALE : 1;
}

static void fbcon_write(struct console *con __maybe_unused, const char *s, size_t n)
{
	vt_write(&fb.vt, s, n);
}

static struct console fb_console = {.name = "fbcon", .write = fbcon_write};

/* Whole cells only, centred: what is left over is shared by both edges. */
static void lay_out(const struct framebuffer_info *info, u8 *mem)
{
	u32 bytes = DIV_ROUND_UP(info->bpp, 8U);
	u32 width, height, rows, cols;

	fb.scale = scale_for(info);
	fb.span = 4 * bytes * fb.scale;
	fb.pitch = info->pitch;
	width = FONT_WIDTH * fb.scale;
	height = FONT_HEIGHT * fb.scale;
	cols = min(info->width / width, (u32)MAX_COLS);
	rows = min(info->height / height, (u32)MAX_ROWS);
	fb.mem = mem + (u64)(info->height - rows * height) / 2 * fb.pitch +
		 (info->width - cols * width) / 2 * bytes;
	vt_init(&fb.vt, &fb_ops, rows, cols);
}

int fbcon_init(const struct framebuffer_info *info)
{
	const char *why;
	u8 *mem;

	if (!framebuffer_valid(info, &why)) {
		pr_warn("no framebuffer: %s\n", why);
		return -EINVAL;
	}
	mem = ioremap_wc(info->addr, framebuffer_size(info));
	if (!mem)
		return -ENOMEM;
	lay_out(info, mem);
	make_pieces(info);
	memset(mem, 0, framebuffer_size(info)); /* black in every format */
	memset(fb.want, BLANK, sizeof(fb.want));
	memset(fb.shown, BLANK, sizeof(fb.shown));
	fb.cursor_row = 0;
	fb_flush(&fb.vt);
	pr_info("%ux%u, %u bits: %u columns, %u rows\n", info->width, info->height, info->bpp,
		fb.vt.cols, fb.vt.rows);
	register_console(&fb_console);
	return 0;
}
