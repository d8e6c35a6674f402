/*
 * Contract (drivers/video/vt.h): whatever bytes come, every call stays inside the grid and so does the
 * cursor; how the bytes are cut into writes makes no difference; text appears where a terminal shows it.
 *
 * Sources: drivers/video/vt.c
 */
#include <tests/host/host.h>

#include <drivers/video/vt.h>
#include <lib/string.h>

/* A grid in memory of exactly its size, so that AddressSanitizer sees a step outside. */
struct grid {
	struct vt vt;
	u32 flushes;
	char *cells;
};

static void check_run(struct vt *vt, u32 row, u32 col, u32 n)
{
	assert_true(row < vt->rows);
	assert_true(n > 0 && col < vt->cols && n <= vt->cols - col);
}

static char *cell(struct vt *vt, u32 row, u32 col)
{
	return container_of(vt, struct grid, vt)->cells + row * vt->cols + col;
}

static void grid_put(struct vt *vt, u32 row, u32 col, const char *s, u32 n)
{
	check_run(vt, row, col, n);
	for (u32 i = 0; i < n; i++)
		assert_true((u8)s[i] >= 0x20 && s[i] != 0x7f);
	memcpy(cell(vt, row, col), s, n);
}

static void grid_erase(struct vt *vt, u32 row, u32 col, u32 n)
{
	check_run(vt, row, col, n);
	memset(cell(vt, row, col), ' ', n);
}

static void grid_scroll(struct vt *vt)
{
	memmove(cell(vt, 0, 0), cell(vt, 1, 0), (vt->rows - 1) * vt->cols);
	memset(cell(vt, vt->rows - 1, 0), ' ', vt->cols);
}

static void grid_flush(struct vt *vt)
{
	container_of(vt, struct grid, vt)->flushes++;
	assert_true(vt->row < vt->rows && vt->col < vt->cols);
	assert_true(!vt->wrap_pending || vt->col == vt->cols - 1);
}

static const struct vt_ops grid_ops = {
	.put = grid_put,
	.erase = grid_erase,
	.scroll = grid_scroll,
	.flush = grid_flush,
};

static void grid_init(struct grid *g, u32 rows, u32 cols)
{
	g->cells = malloc(rows * cols);
	memset(g->cells, ' ', rows * cols);
	g->flushes = 0;
	vt_init(&g->vt, &grid_ops, rows, cols);
}

static void grid_free(struct grid *g)
{
	free(g->cells);
}

/* `input` on an empty 4x8 screen gives these rows (all 32 cells) and this cursor. */
static void check_screen(const char *input, const char *screen, u32 row, u32 col)
{
	struct grid g;

	assert_int_equal(strlen(screen), 32);
	grid_init(&g, 4, 8);
	vt_write(&g.vt, input, strlen(input));
	if (memcmp(g.cells, screen, 32) || g.vt.row != row || g.vt.col != col)
		fail_msg("'%s' gives\n'%.32s' cursor %u,%u, not\n'%s' cursor %u,%u", input, g.cells,
			 g.vt.row, g.vt.col, screen, row, col);
	grid_free(&g);
}

static void text_and_controls(void **state)
{
	(void)state;
	/*            |row 0 ||row 1 ||row 2 ||row 3 | */
	check_screen("", "                                ", 0, 0);
	check_screen("ab\ncd", "ab      cd                      ", 1, 2);
	check_screen("ab\rc", "cb                              ", 0, 1);
	check_screen("ab\b\b\bc", "cb                              ", 0, 1);
	check_screen("a\tb", "a      b                        ", 0, 7);
	check_screen("a\177\001b", "ab                              ", 0, 2);
	check_screen("1\n2\n3\n4\n5", "2       3       4       5       ", 3, 1);
}

static void wrapping(void **state)
{
	(void)state;
	check_screen("01234567", "01234567                        ", 0, 7);
	check_screen("012345678", "012345678                       ", 1, 1);
	check_screen("01234567\n8", "012345678                       ", 1, 1);
	check_screen("01234567\r8", "81234567                        ", 0, 1);
	check_screen("01234567\b8", "01234587                        ", 0, 7);
	check_screen("\033[4;1H01234567", "                        01234567", 3, 7);
	check_screen("\033[4;1H012345678", "                012345678       ", 3, 1);
}

static void control_sequences(void **state)
{
	(void)state;
	check_screen("abcdef\033[3D\033[K", "abc                             ", 0, 3);
	check_screen("abcdef\033[3D\033[1K", "    ef                          ", 0, 3);
	check_screen("abcdef\033[3D\033[2K", "                                ", 0, 3);
	check_screen("abc\033[D\033[Dx", "axc                             ", 0, 2);
	check_screen("abc\033[99D\033[2Cx", "abx                             ", 0, 3);
	check_screen("abc\033[99Cx", "abc    x                        ", 0, 7);
	check_screen("\033[3;5Hx\033[Hy", "y                   x           ", 0, 1);
	check_screen("\033[3;5Hx\033[Ay\033[2Bz", "             y      x         z ", 3, 7);
	check_screen("\033[99;99Hx", "                               x", 3, 7);
	check_screen("abc\033[2Gx", "axc                             ", 0, 2);
	check_screen("12345678abcdefgh\033[1;3H\033[J", "12                              ", 0, 2);
	check_screen("12345678abcdefgh\033[2;3H\033[1J", "           defgh                ", 1, 2);
	check_screen("12345678abcdefgh\033[2;3H\033[2Jx", "          x                     ", 1, 3);
}

/* What we do not know disappears whole, and a sequence can be broken off. */
static void unknown_sequences(void **state)
{
	(void)state;
	check_screen("a\033[1;31mb\033[0m", "ab                              ", 0, 2);
	check_screen("a\033[?25lb", "ab                              ", 0, 2);
	check_screen("a\033[1;2;3;4;5mb", "ab                              ", 0, 2);
	check_screen("a\033[99999999999999999999Cb", "a      b                        ", 0, 7);
	check_screen("a\033(Bb\033=c", "abc                             ", 0, 3);
	check_screen("a\033[12\030b", "ab                              ", 0, 2);
	check_screen("a\033[12\033[Db", "b                               ", 0, 1);
	check_screen("ab\033[\bDc", "cb                              ", 0, 1);
	check_screen("a\033[4\377b", "ab                              ", 0, 2);
}

/* Half of it what a sequence is made of, so that many are complete. */
static char random_byte(void)
{
	static const char likely_ones[] = "\033\033\033[[[0123456789;ABCDGHJKmabc \n\r\b\t";

	if (host_rand_below(3))
		return likely_ones[host_rand_below(sizeof(likely_ones) - 1)];
	return (char)host_rand();
}

static void random_bytes_in_any_pieces(void **state)
{
	static char bytes[4000];

	(void)state;
	host_seed("vt");
	for (int round = 0; round < 200; round++) {
		u32 rows = 1 + (u32)host_rand_below(30), cols = 1 + (u32)host_rand_below(100);
		struct grid whole, pieces;
		size_t done = 0;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = random_byte();
		grid_init(&whole, rows, cols);
		grid_init(&pieces, rows, cols);
		vt_write(&whole.vt, bytes, sizeof(bytes));
		while (done < sizeof(bytes)) {
			size_t n = host_rand_below(min(sizeof(bytes) - done, 20UL) + 1);

			vt_write(&pieces.vt, bytes + done, n);
			done += n;
		}
		assert_int_equal(whole.flushes, 1);
		assert_memory_equal(whole.cells, pieces.cells, rows * cols);
		assert_int_equal(whole.vt.row, pieces.vt.row);
		assert_int_equal(whole.vt.col, pieces.vt.col);
		grid_free(&whole);
		grid_free(&pieces);
	}
}

/* Plain text has a simple definition: cut into rows at '\n' and at the edge, the last rows are seen. */
static void text_lands_where_it_should(void **state)
{
	enum { ROWS = 5, COLS = 11, LINES = 400 };
	static char model[LINES][COLS];

	(void)state;
	host_seed("vt text");
	for (int round = 0; round < 2000; round++) {
		u32 line = 0, col = 0, top;
		struct grid g;

		memset(model, ' ', sizeof(model));
		grid_init(&g, ROWS, COLS);
		for (u64 n = host_rand_below(200); n; n--) {
			char c = host_rand_below(9) ? (char)('a' + host_rand_below(26)) : '\n';

			vt_write(&g.vt, &c, 1);
			if (c == '\n' || col == COLS) {
				line++;
				col = 0;
			}
			if (c != '\n')
				model[line][col++] = c;
		}
		top = line < ROWS ? 0 : line - ROWS + 1;
		assert_memory_equal(g.cells, model[top], ROWS * COLS);
		assert_int_equal(g.vt.row, line - top);
		assert_int_equal(g.vt.col, min(col, COLS - 1U));
		grid_free(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_controls),
		cmocka_unit_test(wrapping),
		cmocka_unit_test(control_sequences),
		cmocka_unit_test(unknown_sequences),
		cmocka_unit_test(random_bytes_in_any_pieces),
		cmocka_unit_test(text_lands_where_it_should),
	};

	return cmocka_run_group_tests_name("vt", tests, NULL, NULL);
}
