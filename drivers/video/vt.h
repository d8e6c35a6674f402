/*
 * A small terminal: text and a handful of VT100 sequences in, operations on a
 * grid of character cells out. Every screen that is made of cells shares it.
 * Pure: compiled for the host too. ECMA-48 names the sequences.
 */
#ifndef DRIVERS_VIDEO_VT_H
#define DRIVERS_VIDEO_VT_H

#include <lib/types.h>

struct vt;

/* The grid. Rows and columns count from 0; every call stays within rows x cols. */
struct vt_ops {
	/* Show s[0..n) from (row, col) on: bytes 0x20-0x7e and 0x80-0xff; 0 < n <= cols - col. */
	void (*put)(struct vt *vt, u32 row, u32 col, const char *s, u32 n);
	/* Blank n cells, 0 < n <= cols - col. */
	void (*erase)(struct vt *vt, u32 row, u32 col, u32 n);
	/* Move every row up by one; the first is lost, the last becomes blank. */
	void (*scroll)(struct vt *vt);
	/* All of one vt_write() is done: show it, with the cursor at (vt->row, vt->col). */
	void (*flush)(struct vt *vt);
};

#define VT_PARAMS 2

struct vt {
	const struct vt_ops *ops;
	u32 rows, cols; /* at least 1 each */
	u32 row, col;	/* the cursor: always inside */
	/* The last column was just written: the next character goes to the next row (xterm's rule). */
	bool wrap_pending;
	u8 state; /* private to vt.c */
	u8 nr_params;
	u32 params[VT_PARAMS];
};

/* Take over a grid that is already blank; cursor at home. */
void vt_init(struct vt *vt, const struct vt_ops *ops, u32 rows, u32 cols);
/*
 * Interpret n bytes: '\n' (which also returns to column 0), '\r', '\b', '\t', CSI n A/B/C/D/G,
 * CSI r;c H, CSI n J/K. Colours and everything unknown are swallowed. A sequence may be split
 * between calls. Any context; one caller at a time.
 */
void vt_write(struct vt *vt, const char *s, size_t n);

#endif
