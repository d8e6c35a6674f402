/*
 * The line editor against two models: a plain string that is edited the slow way, and a terminal that shows
 * what the editor writes. After every key the line is the model's, and the terminal shows the prompt
 * and the right part of the line, with its cursor in the right place and nothing in its last column.
 *
 * Sources: kernel/monitor/lineedit.c
 */
#include <tests/host/host.h>

#include <cmocka.h>
#include <kernel/monitor/lineedit.h>
#include <lib/string.h>
#include <lib/vsprintf.h>

#define COLUMNS 80
#define PROMPT	"teak> "

/* ---- a terminal ----------------------------------------------------------------------------- */

static struct {
	char row[COLUMNS + 1];
	size_t column;
	size_t prompts; /* how often the prompt was begun at the left edge */
	unsigned int rows_left;
} terminal;

static void new_row(void)
{
	memset(terminal.row, ' ', COLUMNS);
	terminal.column = 0;
}

static void terminal_byte(char c)
{
	switch (c) {
	case '\n': /* the serial driver adds the '\r' */
		new_row();
		terminal.rows_left++;
		break;
	case '\r':
		terminal.column = 0;
		break;
	case '\b':
		assert_true(terminal.column > 0);
		terminal.column--;
		break;
	case '\a':
		break;
	default:
		assert_true(c >= 0x20 && c < 0x7f);
		assert_true(terminal.column < COLUMNS - 1);
		terminal.row[terminal.column++] = c;
	}
}

static void terminal_write(const char *s, size_t n)
{
	if (n == 6 && !memcmp(s, "\033[H\033[J", 6)) {
		new_row();
		return;
	}
	if (n == strlen(PROMPT) && !memcmp(s, PROMPT, n) && !terminal.column)
		terminal.prompts++;
	while (n--)
		terminal_byte(*s++);
}

static const char *const words[] = {"echo", "help", "poweroff", "power", "x"};

static const char *candidate(const char *line, size_t word, size_t i)
{
	assert_true(word < LINE_MAX && strlen(line) < LINE_MAX);
	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

static const struct lineedit_ops ops = {.write = terminal_write, .candidate = candidate};
static struct lineedit le;

static int begin(void **state)
{
	(void)state;
	host_seed("lineedit");
	new_row();
	lineedit_init(&le, &ops, PROMPT);
	lineedit_start(&le);
	return 0;
}

static void check_terminal(void)
{
	size_t width = COLUMNS - 1 - strlen(PROMPT);
	size_t end = min(le.len - le.first, width);
	char row[COLUMNS];

	assert_true(le.cursor <= le.len && le.len < LINE_MAX && !le.line[le.len]);
	assert_true(le.first <= le.cursor && le.cursor - le.first <= width);
	memset(row, ' ', COLUMNS);
	memcpy(row, PROMPT, strlen(PROMPT));
	memcpy(row + strlen(PROMPT), le.line + le.first, end);
	assert_memory_equal(terminal.row, row, COLUMNS);
	assert_int_equal(terminal.column, strlen(PROMPT) + le.cursor - le.first);
}

/* ---- a string ------------------------------------------------------------------------------- */

static struct {
	char text[LINE_MAX];
	size_t cursor;
} model;

static void model_delete(size_t from, size_t to)
{
	char tail[LINE_MAX];

	strscpy(tail, model.text + to, sizeof(tail));
	strscpy(model.text + from, tail, sizeof(model.text) - from);
	model.cursor = from;
}

static void model_insert(char c)
{
	char tail[LINE_MAX];

	if (strlen(model.text) == LINE_MAX - 1)
		return;
	strscpy(tail, model.text + model.cursor, sizeof(tail));
	model.text[model.cursor++] = c;
	strscpy(model.text + model.cursor, tail, sizeof(model.text) - model.cursor);
}

static size_t model_word(void)
{
	size_t i = model.cursor;

	while (i && model.text[i - 1] == ' ')
		i--;
	while (i && model.text[i - 1] != ' ')
		i--;
	return i;
}

/* Type a key into both. */
static void press(const char *key)
{
	size_t len = strlen(model.text);

	for (const char *k = key; *k; k++)
		assert_int_equal(lineedit_feed(&le, (u8)*k), LINE_MORE);
	if (!strcmp(key, "\x01") || !strcmp(key, "\033[H") || !strcmp(key, "\033OH") ||
	    !strcmp(key, "\033[1~"))
		model.cursor = 0;
	else if (!strcmp(key, "\x05") || !strcmp(key, "\033[F") || !strcmp(key, "\033[4~"))
		model.cursor = len;
	else if (!strcmp(key, "\x02") || !strcmp(key, "\033[D"))
		model.cursor -= model.cursor > 0;
	else if (!strcmp(key, "\x06") || !strcmp(key, "\033[C"))
		model.cursor += model.cursor < len;
	else if (!strcmp(key, "\x7f") || !strcmp(key, "\b"))
		model_delete(model.cursor - (model.cursor > 0), model.cursor);
	else if (!strcmp(key, "\x04") || !strcmp(key, "\033[3~"))
		model_delete(model.cursor, model.cursor + (model.cursor < len));
	else if (!strcmp(key, "\x15"))
		model_delete(0, model.cursor);
	else if (!strcmp(key, "\x0b"))
		model_delete(model.cursor, len);
	else if (!strcmp(key, "\x17"))
		model_delete(model_word(), model.cursor);
	else if (key[0] >= 0x20 && !key[1])
		model_insert(key[0]);
}

static const char *const keys[] = {
	"\x01",	     "\033[H",	"\033OH",    "\033[1~", "\x05",
	"\033[F",    "\033[4~", "\x02",	     "\033[D",	"\x06",
	"\033[C",    "\x7f",	"\b",	     "\x04",	"\033[3~",
	"\x15",	     "\x0b",	"\x17",	     "\x0c",	"\033[5~",
	"\033[200~", "\033[[A", "\033[1;5P", "\033x",	"\033[99999999999~",
	"\x80",	     "\xff",	"\x1d",
};

static void edits_like_a_string(void **state)
{
	(void)state;
	memset(&model, 0, sizeof(model));
	for (int i = 0; i < 200000; i++) {
		/* Some stretches are for growing, some for editing; Ctrl-U would keep every line short. */
		bool grow = i / 500 % 2;
		size_t kind = host_rand_below(grow ? 400 : 60);
		char letter[2] = {(char)(0x20 + host_rand_below(0x5f)), 0};

		press(kind < ARRAY_SIZE(keys) ? keys[kind] : letter);
		assert_string_equal(le.line, model.text);
		assert_int_equal(le.cursor, model.cursor);
		check_terminal();
	}
}

static void any_bytes_do_no_harm(void **state)
{
	(void)state;
	for (int i = 0; i < 1000000; i++) {
		enum lineedit_result result = lineedit_feed(&le, (u8)host_rand());

		if (result == LINE_MORE) {
			check_terminal();
			continue;
		}
		assert_true(result == LINE_DONE || !le.len);
		assert_int_equal(terminal.column, 0);
		lineedit_start(&le);
		check_terminal();
	}
}

static enum lineedit_result type(const char *text)
{
	enum lineedit_result result = LINE_MORE;

	while (*text)
		result = lineedit_feed(&le, (u8)*text++);
	return result;
}

static void the_prompt_comes_once_a_line(void **state)
{
	(void)state;
	terminal.prompts = 1;
	for (int i = 0; i < 100; i++) {
		for (int n = 0; n < 300; n++)
			type("x\033[D\033[H\x05");
		assert_int_equal(type("\r"), LINE_DONE);
		assert_int_equal(le.len, LINE_MAX - 1);
		assert_int_equal(terminal.prompts, i + 1);
		lineedit_start(&le);
	}
}

static void history_keeps_the_last_lines(void **state)
{
	char line[16];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "line %d", i);
		type(line);
		type("\r\n");
		lineedit_start(&le);
		type(line); /* the same again is not kept twice */
		type("\n");
		lineedit_start(&le);
	}
	type("unfinished");
	for (int i = 99; i >= 100 - HISTORY_LINES; i--) {
		type("\033[A");
		snprintf(line, sizeof(line), "line %d", i);
		assert_string_equal(le.line, line);
		check_terminal();
	}
	type("\033[A"); /* no further */
	assert_string_equal(le.line, line);
	for (int i = 0; i < HISTORY_LINES; i++)
		type("\033[B");
	assert_string_equal(le.line, "unfinished");
	check_terminal();
}

static void tab_types_what_is_certain(void **state)
{
	(void)state;
	type("e\t");
	assert_string_equal(le.line, "echo ");
	type("\x15po\t");
	assert_string_equal(le.line, "power");
	type("\x15power");
	terminal.rows_left = 0;
	type("\t");
	assert_int_equal(terminal.rows_left, 0); /* a bell; the second Tab shows the choice */
	type("\t");
	assert_int_equal(terminal.rows_left, 3);
	assert_string_equal(le.line, "power");
	type("o\t");
	assert_string_equal(le.line, "poweroff ");
	type("q\t");
	assert_string_equal(le.line, "poweroff q");
	check_terminal();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(edits_like_a_string, begin),
		cmocka_unit_test_setup(any_bytes_do_no_harm, begin),
		cmocka_unit_test_setup(the_prompt_comes_once_a_line, begin),
		cmocka_unit_test_setup(history_keeps_the_last_lines, begin),
		cmocka_unit_test_setup(tab_types_what_is_certain, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
