/*
 * The terminal as the kernel compiled it: what the line editor relies on, and random bytes that must
 * stay inside the grid. tests/host/test_vt.c holds it to more under AddressSanitizer.
 */
#include <drivers/video/vt.h>
#include <kernel/ktest.h>
#include <lib/string.h>

#define ROWS 4
#define COLS 16

/* One column and one row more than the terminal is told of: they must stay as they are. */
static char grid[ROWS + 1][COLS + 1];
static u32 outside; /* calls that left the grid */

static bool inside(struct vt *vt, u32 row, u32 col, u32 n)
{
	bool ok = row < vt->rows && col < vt->cols && n && n <= vt->cols - col;

	outside += !ok;
	return ok;
}

static void grid_put(struct vt *vt, u32 row, u32 col, const char *s, u32 n)
{
	if (inside(vt, row, col, n))
		memcpy(&grid[row][col], s, n);
}

static void grid_erase(struct vt *vt, u32 row, u32 col, u32 n)
{
	if (inside(vt, row, col, n))
		memset(&grid[row][col], ' ', n);
}

static void grid_scroll(struct vt *vt)
{
	for (u32 row = 1; row < vt->rows; row++)
		memcpy(grid[row - 1], grid[row], COLS);
	memset(grid[vt->rows - 1], ' ', COLS);
}

static void grid_flush(struct vt *vt)
{
	outside += vt->row >= vt->rows || vt->col >= vt->cols;
}

static const struct vt_ops grid_ops = {
	.put = grid_put,
	.erase = grid_erase,
	.scroll = grid_scroll,
	.flush = grid_flush,
};

static struct vt vt;

static int start(void)
{
	memset(grid, '\0', sizeof(grid));
	for (u32 row = 0; row < ROWS; row++)
		memset(grid[row], ' ', COLS);
	outside = 0;
	vt_init(&vt, &grid_ops, ROWS, COLS);
	return 0;
}
TEST_SUITE(vt, start, NULL);

static void type(const char *s)
{
	vt_write(&vt, s, strlen(s));
}

TEST(vt, edits_a_line)
{
	type("teak> hxlp\b\b\be");
	EXPECT_STREQ(grid[0], "teak> help      ");
	type("\r\033[K");
	EXPECT_STREQ(grid[0], "                ");
	type("teak> mem\033[3D\033[K");
	EXPECT_STREQ(grid[0], "teak>           ");
	EXPECT_EQ(vt.col, 6U);
	type("\033[2Cx\033[Hy\033[J");
	EXPECT_STREQ(grid[0], "y               ");
}

TEST(vt, wraps_and_scrolls)
{
	type("one\n0123456789abcdef");
	EXPECT_EQ(vt.row, 1U);
	EXPECT_EQ(vt.col, COLS - 1U);
	type("\nthree\nfour\nfive, which is 18");
	EXPECT_STREQ(grid[0], "three           ");
	EXPECT_STREQ(grid[1], "four            ");
	EXPECT_STREQ(grid[2], "five, which is 1");
	EXPECT_STREQ(grid[3], "8               ");
}

TEST(vt, random_bytes_stay_inside)
{
	static const char likely[] = "\033[\033[;0123456789ABCDGHJKm \r\n\b\tx";

	for (u32 i = 0; i < 20000; i++) {
		u64 r = ktest_rand();
		char c = r & 0x100 ? likely[(r >> 16) % (sizeof(likely) - 1)] : (char)r;

		vt_write(&vt, &c, 1);
	}
	EXPECT_EQ(outside, 0U);
	for (u32 row = 0; row < ROWS; row++)
		EXPECT_EQ(grid[row][COLS], '\0');
	EXPECT_TRUE(!memchr_inv(grid[ROWS], '\0', sizeof(grid[ROWS])));
}
