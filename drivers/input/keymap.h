/*
 * From scancodes to what a terminal would send: a pure decoder for set 1 (as the
 * i8042 translates it), US layout.
 */
#ifndef DRIVERS_INPUT_KEYMAP_H
#define DRIVERS_INPUT_KEYMAP_H

#include <lib/types.h>

#define KEYMAP_MAX 8 /* bytes that one scancode can produce at most */

struct keymap {
	u8 held;	/* modifier keys that are down, private to keymap.c */
	bool caps, num; /* locks */
	bool extended;	/* 0xe0 came before this code */
	u8 skip;	/* bytes of a Pause sequence still to come */
};

/* The state of a keyboard with nothing pressed. */
#define KEYMAP_INIT         \
	{                   \
		.num = true \
	}

/*
 * Take one scancode and store what it means in out: ASCII, control bytes, or VT100 sequences (ESC [ A ...;
 * Alt puts an ESC before). How many bytes, 0 for most codes. Any byte is harmless at any time.
 */
u32 keymap_decode(struct keymap *map, u8 scancode, char out[KEYMAP_MAX]);

#endif
