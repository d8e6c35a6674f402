/*
 * The terminal's state machine. Printable text, which is nearly all there is,
 * goes to the grid in runs; the rest byte by byte through three states: ground,
 * after ESC, inside a control sequence (CSI = ESC [).
 *
 * Invariant: row < rows, col < cols, and wrap_pending only in the last column. ECMA-48, 5.4.
 */
#include <drivers/video/vt.h>

enum vt_state { GROUND, ESCAPE, CSI, CSI_IGNORE };

#define ESC	  0x1b
#define CAN	  0x18 /* these two break off a sequence */
#define SUB	  0x1a
#define DEL	  0x7f
#define TAB_WIDTH 8
#define PARAM_MAX 9999 /* larger ones are cut: no screen is that big */

static bool printable(char c)
{
	return (u8)c >= 0x20 && (u8)c != DEL;
}

static void goto_row_col(struct vt *vt, u32 row, u32 col)
{
	vt->row = min(row, vt->rows - 1);
	vt->col = min(col, vt->cols - 1);
	vt->wrap_pending = false;
}

static void new_line(struct vt *vt)
{
	if (vt->row == vt->rows - 1)
		vt->ops->scroll(vt);
	goto_row_col(vt, vt->row + 1, 0);
}

/* Show as much of s as is printable and fits into the row; how much that was, at least 1. */
static u32 put_run(struct vt *vt, const char *s, const char *end)
{
	u32 room, n = 1;

	if (vt->wrap_pending)
		new_line(vt);
	room = vt->cols - vt->col;
	while (n < room && s + n < end && printable(s[n]))
		n++;
	vt->ops->put(vt, vt->row, vt->col, s, n);
	vt->col += n;
	if (vt->col == vt->cols) {
		vt->col--;
		vt->wrap_pending = true;
	}
	return n;
}

static void control(struct vt *vt, u8 c)
{
	switch (c) {
	case '\n':
		new_line(vt);
		break;
	case '\r':
		goto_row_col(vt, vt->row, 0);
		break;
	case '\b':
		goto_row_col(vt, vt->row, vt->col ? vt->col - 1 : 0);
		break;
	case '\t':
		goto_row_col(vt, vt->row, (vt->col / TAB_WIDTH + 1) * TAB_WIDTH);
		break;
	case ESC:
		vt->state = ESCAPE;
		break;
	case CAN:
	case SUB:
		vt->state = GROUND;
		break;
	}
}

/* Blank the cells from `from` up to but not including `to`, both counted row by row through the grid. */
static void erase_span(struct vt *vt, u32 from, u32 to)
{
	while (from < to) {
		u32 col = from % vt->cols;
		u32 n = min(to - from, vt->cols - col);

		vt->ops->erase(vt, from / vt->cols, col, n);
		from += n;
	}
}

/* CSI J and CSI K: 0 from the cursor to the end, 1 from the start to the cursor, 2 all of [start, end). */
static void erase(struct vt *vt, u32 what, u32 start, u32 end)
{
	u32 cursor = vt->row * vt->cols + vt->col;

	vt->wrap_pending = false;
	if (what == 0)
		erase_span(vt, cursor, end);
	else if (what == 1)
		erase_span(vt, start, cursor + 1);
	else if (what == 2)
		erase_span(vt, start, end);
}

static void csi_dispatch(struct vt *vt, u8 final)
{
	u32 first = vt->params[0];
	u32 count = max(first, 1U); /* for sequences that count: nothing means once */
	u32 line = vt->row * vt->cols;

	switch (final) {
	case 'A':
		goto_row_col(vt, vt->row - min(count, vt->row), vt->col);
		break;
	case 'B':
		goto_row_col(vt, vt->row + count, vt->col);
		break;
	case 'C':
		goto_row_col(vt, vt->row, vt->col + count);
		break;
	case 'D':
		goto_row_col(vt, vt->row, vt->col - min(count, vt->col));
		break;
	case 'G':
		goto_row_col(vt, vt->row, count - 1);
		break;
	case 'H':
		goto_row_col(vt, count - 1, max(vt->params[1], 1U) - 1);
		break;
	case 'J':
		erase(vt, first, 0, vt->rows * vt->cols);
		break;
	case 'K':
		erase(vt, first, line, line + vt->cols);
		break;
	}
}

static void csi_digit(struct vt *vt, u32 digit)
{
	u32 *param;

	if (vt->nr_params >= VT_PARAMS)
		return;
	param = &vt->params[vt->nr_params];
	*param = min(*param * 10 + digit, (u32)PARAM_MAX);
}

/* A byte of a sequence. Parameters 0x30-0x3f, then intermediates 0x20-0x2f, then one final byte. */
static void csi_byte(struct vt *vt, u8 c)
{
	if (c >= '0' && c <= '9') {
		csi_digit(vt, c - '0');
	} else if (c == ';') {
		if (vt->nr_params < VT_PARAMS)
			vt->nr_params++;
	} else if (c < 0x40) { /* private (CSI ?) or with an intermediate: none of ours */
		vt->state = CSI_IGNORE;
	} else {
		if (vt->state == CSI)
			csi_dispatch(vt, c);
		vt->state = GROUND;
	}
}

static void escape_byte(struct vt *vt, u8 c)
{
	if (c == '[') {
		vt->state = CSI;
		vt->nr_params = 0;
		for (u32 i = 0; i < VT_PARAMS; i++)
			vt->params[i] = 0;
	} else if (c >= 0x30) { /* ESC, intermediates 0x20-0x2f, one final byte: swallowed */
		vt->state = GROUND;
	}
}

/* Control characters act even inside a sequence, as on a VT100; bytes over 0x7e end it. */
static void vt_byte(struct vt *vt, u8 c)
{
	if (c < 0x20)
		control(vt, c);
	else if (c >= DEL)
		vt->state = GROUND;
	else if (vt->state == ESCAPE)
		escape_byte(vt, c);
	else
		csi_byte(vt, c);
}

void vt_init(struct vt *vt, const struct vt_ops *ops, u32 rows, u32 cols)
{
	*vt = (struct vt){.ops = ops, .rows = rows, .cols = cols, .state = GROUND};
}

void vt_write(struct vt *vt, const char *s, size_t n)
{
	const char *end = s + n;

	while (s < end) {
		if (vt->state == GROUND && printable(*s))
			s += put_run(vt, s, end);
		else
			vt_byte(vt, (u8)*s++);
	}
	vt->ops->flush(vt);
}
