/*
 * The line editor.
 *
 * A key changes the text, then show() brings the terminal up to date. It uses
 * nothing but characters and '\b', so the dumbest terminal will do, and it never
 * writes the prompt again while a line is edited, so a script that waits for the prompt
 * sees it once a line. The text stays in one row: of a long line a window is shown, and the
 * window jumps by half its width when the cursor leaves it.
 *
 * Invariant between two keys: the terminal shows line[first, first + shown), its cursor stands
 * `column` after the prompt, and first + column == cursor.
 */
#include <kernel/monitor/lineedit.h>
#include <lib/string.h>

#define TERMINAL_COLUMNS 80

#define CTRL(c) ((c)&0x1f)
#define DEL	0x7f
#define ESC	0x1b

/* ---- showing -------------------------------------------------------------------------------- */

static void put(struct lineedit *le, const char *s, size_t n)
{
	if (n)
		le->ops->write(s, n);
}

static void put_repeated(struct lineedit *le, char c, size_t n)
{
	char run[TERMINAL_COLUMNS];

	memset(run, c, min(n, sizeof(run)));
	for (; n > sizeof(run); n -= sizeof(run))
		put(le, run, sizeof(run));
	put(le, run, n);
}

static void bell(struct lineedit *le)
{
	put(le, "\a", 1);
}

/* Columns for the text; the last one of the row stays free, because some terminals wrap there. */
static size_t window_width(const struct lineedit *le)
{
	return TERMINAL_COLUMNS - 1 - strlen(le->prompt);
}

/* Move the terminal's cursor; to the right by writing what stands there anyway. */
static void move_to(struct lineedit *le, size_t column)
{
	if (column < le->column)
		put_repeated(le, '\b', le->column - column);
	else
		put(le, le->line + le->first + le->column, column - le->column);
	le->column = column;
}

/* Write the window's text from `column` on, and blanks over what was there before. */
static void draw_from(struct lineedit *le, size_t column)
{
	size_t end = min(le->len - le->first, window_width(le));

	move_to(le, column);
	put(le, le->line + le->first + column, end - column);
	le->column = end;
	if (end < le->shown) {
		put_repeated(le, ' ', le->shown - end);
		put_repeated(le, '\b', le->shown - end);
	}
	le->shown = end;
}

/* Keep the cursor inside the window. true: the window jumped. */
static bool scroll(struct lineedit *le)
{
	size_t width = window_width(le);

	if (le->cursor >= le->first && le->cursor - le->first <= width)
		return false;
	le->first = le->cursor > width / 2 ? le->cursor - width / 2 : 0;
	return true;
}

/* The text changed from index `changed` on (len: it did not), and the cursor anywhere. */
static void show(struct lineedit *le, size_t changed)
{
	if (scroll(le))
		draw_from(le, 0);
	else if (changed <= le->first + le->shown)
		draw_from(le, changed > le->first ? changed - le->first : 0);
	move_to(le, le->cursor - le->first);
}

void lineedit_redraw(struct lineedit *le)
{
	put(le, le->prompt, strlen(le->prompt));
	le->column = le->shown = 0;
	draw_from(le, 0);
	move_to(le, le->cursor - le->first);
}

/* ---- changing the text ---------------------------------------------------------------------- */

static void insert(struct lineedit *le, const char *s, size_t n)
{
	if (n >= LINE_MAX - le->len) {
		bell(le);
		return;
	}
	memmove(le->line + le->cursor + n, le->line + le->cursor, le->len - le->cursor + 1);
	memcpy(le->line + le->cursor, s, n);
	le->len += n;
	le->cursor += n;
	show(le, le->cursor - n);
}

/* Delete line[from, to); the cursor goes to where it was. */
static void erase(struct lineedit *le, size_t from, size_t to)
{
	if (from == to)
		return;
	memmove(le->line + from, le->line + to, le->len - to + 1);
	le->len -= to - from;
	le->cursor = from;
	show(le, from);
}

static void go(struct lineedit *le, size_t index)
{
	le->cursor = index;
	show(le, LINE_MAX);
}

static void replace(struct lineedit *le, const char *text)
{
	strscpy(le->line, text, sizeof(le->line));
	le->len = le->cursor = strlen(le->line);
	le->first = 0;
	show(le, 0);
}

static size_t word_before(const struct lineedit *le)
{
	size_t i = le->cursor;

	while (i && le->line[i - 1] == ' ')
		i--;
	while (i && le->line[i - 1] != ' ')
		i--;
	return i;
}

/* ---- history -------------------------------------------------------------------------------- */

static char *history_line(struct lineedit *le, u32 back)
{
	return le->history[(le->history_count - back) % HISTORY_LINES];
}

static void remember(struct lineedit *le)
{
	if (!le->len || (le->history_count && !strcmp(history_line(le, 1), le->line)))
		return;
	strscpy(le->history[le->history_count % HISTORY_LINES], le->line, LINE_MAX);
	le->history_count++;
}

/* Show the line `back` entries ago; 0 is the one that was being typed. */
static void browse(struct lineedit *le, u32 back)
{
	if (back > min(le->history_count, (u32)HISTORY_LINES)) {
		bell(le);
		return;
	}
	if (!le->browsing)
		strscpy(le->unfinished, le->line, sizeof(le->unfinished));
	le->browsing = back;
	replace(le, back ? history_line(le, back) : le->unfinished);
}

static void browse_newer(struct lineedit *le)
{
	if (le->browsing)
		browse(le, le->browsing - 1);
	else
		bell(le);
}

/* ---- completion ----------------------------------------------------------------------------- */

struct matches {
	size_t word, typed; /* where the word starts, how much of it there is */
	size_t count;
	const char *first;
	size_t common; /* characters that all matches share */
};

static bool is_match(const struct lineedit *le, const struct matches *m, const char *candidate)
{
	return !strncmp(candidate, le->line + m->word, m->typed);
}

static void find_matches(struct lineedit *le, struct matches *m)
{
	const char *candidate;

	m->word = le->cursor;
	while (m->word && !strchr(" ;", le->line[m->word - 1]))
		m->word--;
	m->typed = le->cursor - m->word;
	for (size_t i = 0; (candidate = le->ops->candidate(le->line, m->word, i)); i++) {
		if (!is_match(le, m, candidate))
			continue;
		if (!m->count++) {
			m->first = candidate;
			m->common = strlen(candidate);
		}
		while (strncmp(candidate, m->first, m->common))
			m->common--;
	}
}

static void list_matches(struct lineedit *le, const struct matches *m)
{
	const char *candidate;

	for (size_t i = 0; (candidate = le->ops->candidate(le->line, m->word, i)); i++) {
		if (!is_match(le, m, candidate))
			continue;
		put(le, "\n", 1);
		put(le, candidate, strlen(candidate));
	}
	put(le, "\n", 1);
	lineedit_redraw(le);
}

/* As far as the word is certain, Tab types it; a second Tab shows the choice. */
static void complete(struct lineedit *le)
{
	struct matches m = {.count = 0};

	find_matches(le, &m);
	if (!m.count) {
		bell(le);
	} else if (m.common > m.typed || m.count == 1) {
		insert(le, m.first + m.typed, m.common - m.typed);
		if (m.count == 1)
			insert(le, " ", 1);
	} else if (le->tabbed) {
		list_matches(le, &m);
	} else {
		bell(le);
	}
}

/* ---- keys ----------------------------------------------------------------------------------- */

enum escape_state {
	NO_ESCAPE,
	AFTER_ESC,   /* ESC */
	AFTER_CSI,   /* ESC [ and its parameters */
	AFTER_ARG,   /* the first parameter has ended; the others do not matter */
	AFTER_SS3,   /* ESC O */
	AFTER_LINUX, /* ESC [ [, a function key of the Linux console */
};

static void key_left(struct lineedit *le)
{
	if (le->cursor)
		go(le, le->cursor - 1);
}

static void key_right(struct lineedit *le)
{
	if (le->cursor < le->len)
		go(le, le->cursor + 1);
}

static void key_delete(struct lineedit *le)
{
	if (le->cursor < le->len)
		erase(le, le->cursor, le->cursor + 1);
}

static void key_backspace(struct lineedit *le)
{
	if (le->cursor)
		erase(le, le->cursor - 1, le->cursor);
}

/* The last byte of ESC [ or ESC O: which key it was. Those we do not know do nothing. */
static void escape_key(struct lineedit *le, u8 final)
{
	static const char by_number[] = ".H.~F..HF"; /* ESC [ n ~ */

	if (final == '~')
		final = le->escape_arg < sizeof(by_number) - 1 ? by_number[le->escape_arg] : '.';
	switch (final) {
	case 'A':
		browse(le, le->browsing + 1);
		break;
	case 'B':
		browse_newer(le);
		break;
	case 'C':
		key_right(le);
		break;
	case 'D':
		key_left(le);
		break;
	case 'H':
		go(le, 0);
		break;
	case 'F':
		go(le, le->len);
		break;
	case '~':
		key_delete(le);
		break;
	}
}

static void csi_byte(struct lineedit *le, u8 byte)
{
	if (byte >= 0x40) {
		bool linux_key = byte == '[' && le->escape == AFTER_CSI && !le->escape_arg;

		le->escape = linux_key ? AFTER_LINUX : NO_ESCAPE;
		if (!linux_key)
			escape_key(le, byte);
	} else if (byte < '0' || byte > '9') {
		le->escape = AFTER_ARG;
	} else if (le->escape == AFTER_CSI && le->escape_arg < 100) {
		le->escape_arg = le->escape_arg * 10 + (byte - '0');
	}
}

/* A byte in an escape sequence (ECMA-48, 5.4). `byte` is printable. */
static void escape_byte(struct lineedit *le, u8 byte)
{
	switch (le->escape) {
	case AFTER_ESC:
		le->escape = byte == '[' ? AFTER_CSI : byte == 'O' ? AFTER_SS3 : NO_ESCAPE;
		le->escape_arg = 0;
		break;
	case AFTER_SS3:
		le->escape = NO_ESCAPE;
		escape_key(le, byte == '~' ? '.' : byte);
		break;
	case AFTER_LINUX:
		le->escape = NO_ESCAPE;
		break;
	default:
		csi_byte(le, byte);
	}
}

static void clear_screen(struct lineedit *le)
{
	put(le, "\033[H\033[J", 6);
	lineedit_redraw(le);
}

static void control_key(struct lineedit *le, u8 byte)
{
	switch (byte) {
	case CTRL('A'):
		go(le, 0);
		break;
	case CTRL('B'):
		key_left(le);
		break;
	case CTRL('D'):
		key_delete(le);
		break;
	case CTRL('E'):
		go(le, le->len);
		break;
	case CTRL('F'):
		key_right(le);
		break;
	case CTRL('H'):
	case DEL:
		key_backspace(le);
		break;
	case CTRL('I'):
		complete(le);
		break;
	case CTRL('K'):
		erase(le, le->cursor, le->len);
		break;
	case CTRL('L'):
		clear_screen(le);
		break;
	case CTRL('N'):
		browse_newer(le);
		break;
	case CTRL('P'):
		browse(le, le->browsing + 1);
		break;
	case CTRL('U'):
		erase(le, 0, le->cursor);
		break;
	case CTRL('W'):
		erase(le, word_before(le), le->cursor);
		break;
	case ESC:
		le->escape = AFTER_ESC;
		break;
	}
}

static enum lineedit_result finish_line(struct lineedit *le)
{
	put(le, "\n", 1);
	remember(le);
	return LINE_DONE;
}

static enum lineedit_result cancel_line(struct lineedit *le)
{
	move_to(le, min(le->column, window_width(le) - 2));
	put(le, "^C\n", 3);
	le->line[0] = '\0';
	le->len = le->cursor = 0;
	return LINE_CANCELLED;
}

enum lineedit_result lineedit_feed(struct lineedit *le, u8 byte)
{
	bool second_half = byte == '\n' && le->returned;

	le->returned = byte == '\r';
	if (byte >= 0x80 || second_half)
		return LINE_MORE;
	if (byte >= 0x20 && byte != DEL) {
		char c = (char)byte;

		if (le->escape)
			escape_byte(le, byte);
		else
			insert(le, &c, 1);
		le->tabbed = false;
		return LINE_MORE;
	}
	le->escape = NO_ESCAPE; /* a control character ends any sequence */
	if (byte == '\r' || byte == '\n')
		return finish_line(le);
	if (byte == CTRL('C'))
		return cancel_line(le);
	control_key(le, byte);
	le->tabbed = byte == CTRL('I');
	return LINE_MORE;
}

void lineedit_init(struct lineedit *le, const struct lineedit_ops *ops, const char *prompt)
{
	memset(le, 0, sizeof(*le));
	le->ops = ops;
	le->prompt = prompt;
}

void lineedit_start(struct lineedit *le)
{
	le->line[0] = '\0';
	le->len = le->cursor = le->first = 0;
	le->browsing = 0;
	le->tabbed = false;
	lineedit_redraw(le);
}
