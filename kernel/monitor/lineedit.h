/*
 * The line editor: bytes from a terminal go in, a finished line comes out. Pure:
 * it writes and completes through two functions of its owner, so that the host tests and the fuzzer
 * drive it without a machine.
 */
#ifndef KERNEL_MONITOR_LINEEDIT_H
#define KERNEL_MONITOR_LINEEDIT_H

#include <lib/types.h>

#define LINE_MAX      256 /* bytes of a line, the NUL included */
#define HISTORY_LINES 32

struct lineedit_ops {
	/* Show n bytes: printable ASCII, '\n', '\r', '\b', '\a' and, for Ctrl-L, ESC [ H ESC [ J. */
	void (*write)(const char *s, size_t n);
	/*
	 * The i-th word that could stand where line[word, cursor) is being typed, or NULL after the last.
	 * Need not match what is typed; the same i gives the same word. `line` is NUL-terminated.
	 */
	const char *(*candidate)(const char *line, size_t word, size_t i);
};

enum lineedit_result {
	LINE_MORE,	/* the line is not finished */
	LINE_DONE,	/* Enter: it is in le->line */
	LINE_CANCELLED, /* ^C: le->line is empty */
};

struct lineedit {
	const struct lineedit_ops *ops;
	const char *prompt;

	char line[LINE_MAX];
	size_t len, cursor; /* 0 <= cursor <= len < LINE_MAX; line[len] is NUL */

	/* What the terminal shows of it: line[first, first + shown), its cursor `column` after the prompt. */
	size_t first, shown, column;

	char history[HISTORY_LINES][LINE_MAX];
	u32 history_count;	   /* lines ever entered; the last HISTORY_LINES are kept */
	u32 browsing;		   /* how many lines back is being shown; 0: the new line */
	char unfinished[LINE_MAX]; /* the new line, while an old one is shown */

	u8 escape;	/* enum escape_state: where in an escape sequence we are */
	u32 escape_arg; /* its first number */
	bool tabbed;	/* the last key was Tab */
	bool returned;	/* the last byte was '\r': a '\n' that follows is part of it */
};

void lineedit_init(struct lineedit *le, const struct lineedit_ops *ops, const char *prompt);
/* Begin an empty line: shows the prompt. */
void lineedit_start(struct lineedit *le);
/* One byte from the terminal; any value is safe. */
enum lineedit_result lineedit_feed(struct lineedit *le, u8 byte);
/* Show prompt and text again, on a line that is empty now. */
void lineedit_redraw(struct lineedit *le);

#endif
