/*
 * Contract (drivers/video/framebuffer.h): what a loader may say is checked; whatever is written, the pixels
 * are those of the font at the cells where the terminal shows them, in any depth and channel
 * layout, and nothing outside the text is touched.
 *
 * Sources: drivers/video/fbcon.c drivers/video/framebuffer.c drivers/video/vt.c drivers/video/font.c
 */
#include <tests/host/host.h>

#include <drivers/video/font.h>
#include <drivers/video/framebuffer.h>
#include <drivers/video/vt.h>
#include <lib/console.h>
#include <lib/string.h>
#include <mm/ioremap.h>

static u8 *video;	      /* the framebuffer: exactly its size */
static struct console *fbcon; /* what fbcon_init() registered */

void *ioremap_wc(phys_addr_t phys, size_t size)
{
	assert_int_equal(phys, 0xe0000000);
	video = malloc(size);
	memset(video, 0xa5, size);
	return video;
}

void register_console(struct console *con)
{
	fbcon = con;
}

/* The same terminal on a grid of characters says what must be seen. */
static char grid[200][300];

static void grid_put(struct vt *vt, u32 row, u32 col, const char *s, u32 n)
{
	(void)vt;
	memcpy(&grid[row][col], s, n);
}

static void grid_erase(struct vt *vt, u32 row, u32 col, u32 n)
{
	(void)vt;
	memset(&grid[row][col], ' ', n);
}

static void grid_scroll(struct vt *vt)
{
	memmove(grid[0], grid[1], (vt->rows - 1) * sizeof(grid[0]));
	memset(grid[vt->rows - 1], ' ', sizeof(grid[0]));
}

static void grid_flush(struct vt *vt)
{
	(void)vt;
}

static const struct vt_ops grid_ops = {grid_put, grid_erase, grid_scroll, grid_flush};

static u32 read_pixel(const struct framebuffer_info *fb, u32 x, u32 y)
{
	u32 bytes = (fb->bpp + 7) / 8, value = 0;

	for (u32 i = 0; i < bytes; i++)
		value |= (u32)video[y * fb->pitch + x * bytes + i] << 8 * i;
	return value;
}

/* Is the font's pixel set that this pixel of the screen shows? */
static bool lit(const struct vt *vt, u32 scale, u32 x, u32 y)
{
	u32 row = y / (FONT_HEIGHT * scale), col = x / (FONT_WIDTH * scale);
	const u8 *glyph = font_glyph((u8)grid[row][col]);
	bool bit = glyph[y / scale % FONT_HEIGHT] >> (7 - x / scale % FONT_WIDTH) & 1;

	return bit != (row == vt->row && col == vt->col);
}

static void check_pixels(const struct framebuffer_info *fb, const struct vt *vt, u32 scale, u32 on)
{
	u32 width = vt->cols * FONT_WIDTH * scale, height = vt->rows * FONT_HEIGHT * scale;
	u32 left = (fb->width - width) / 2, top = (fb->height - height) / 2;

	for (u32 y = 0; y < fb->height; y++) {
		for (u32 x = 0; x < fb->width; x++) {
			bool inside = x >= left && x - left < width && y >= top && y - top < height;
			u32 want = inside && lit(vt, scale, x - left, y - top) ? on : 0;

			if (read_pixel(fb, x, y) != want)
				fail_msg("%ux%ux%u: pixel %u,%u is 0x%x, not 0x%x", fb->width,
					 fb->height, fb->bpp, x, y, read_pixel(fb, x, y), want);
		}
	}
}

static char random_byte(void)
{
	static const char likely_ones[] = "\033[\033[;123HJKCDx\n\n\n";

	if (host_rand_below(8) == 0)
		return (char)host_rand();
	if (host_rand_below(3) == 0)
		return likely_ones[host_rand_below(sizeof(likely_ones) - 1)];
	return (char)(' ' + host_rand_below(95));
}

static void draws_what_the_terminal_shows(const struct framebuffer_info *fb, u32 scale, u32 on)
{
	char bytes[300];
	struct vt vt;

	assert_int_equal(fbcon_init(fb), 0);
	memset(grid, ' ', sizeof(grid));
	vt_init(&vt, &grid_ops, min(fb->height / (FONT_HEIGHT * scale), 80U),
		min(fb->width / (FONT_WIDTH * scale), 256U));
	check_pixels(fb, &vt, scale, on);
	for (int round = 0; round < 30; round++) {
		size_t n = host_rand_below(sizeof(bytes));

		for (size_t i = 0; i < n; i++)
			bytes[i] = random_byte();
		fbcon->write(fbcon, bytes, n);
		vt_write(&vt, bytes, n);
		if (round % 5 == 4)
			check_pixels(fb, &vt, scale, on);
	}
	free(video);
}

#define RGB(depth, r, rb, g, gb, b, bb)                                         \
	.bpp = (depth), .red_shift = (r), .red_bits = (rb), .green_shift = (g), \
	.green_bits = (gb), .blue_shift = (b), .blue_bits = (bb), .addr = 0xe0000000

static void every_depth(void **state)
{
	const struct {
		struct framebuffer_info info;
		u32 scale, on;
	} shapes[] = {
		{{RGB(32, 16, 8, 8, 8, 0, 8), .width = 640, .height = 480, .pitch = 2560},
		 1,
		 0xd8d8d8},
		{{RGB(32, 0, 8, 8, 8, 16, 8), .width = 203, .height = 111, .pitch = 1000},
		 1,
		 0xd8d8d8},
		{{RGB(32, 20, 10, 10, 10, 0, 10), .width = 320, .height = 200, .pitch = 1280},
		 1,
		 0x362 << 20 | 0x362 << 10 | 0x362},
		{{RGB(24, 16, 8, 8, 8, 0, 8), .width = 333, .height = 200, .pitch = 1003},
		 1,
		 0xd8d8d8},
		{{RGB(16, 11, 5, 5, 6, 0, 5), .width = 320, .height = 200, .pitch = 640},
		 1,
		 26 << 11 | 53 << 5 | 26},
		{{RGB(15, 10, 5, 5, 5, 0, 5), .width = 64, .height = 32, .pitch = 128},
		 1,
		 26 << 10 | 26 << 5 | 26},
		{{RGB(32, 16, 8, 8, 8, 0, 8), .width = 2100, .height = 100, .pitch = 8400},
		 2,
		 0xd8d8d8},
		{{RGB(24, 16, 8, 8, 8, 0, 8), .width = 70, .height = 1300, .pitch = 210},
		 2,
		 0xd8d8d8},
		{{RGB(16, 11, 5, 5, 6, 0, 5), .width = 70, .height = 3000, .pitch = 150},
		 2,
		 26 << 11 | 53 << 5 | 26},
	};

	(void)state;
	host_seed("fbcon");
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		draws_what_the_terminal_shows(&shapes[i].info, shapes[i].scale, shapes[i].on);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_depth),
	};

	return cmocka_run_group_tests_name("fbcon", tests, NULL, NULL);
}
