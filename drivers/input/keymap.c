/*
 * Scancode set 1: a key's number when it goes down, the same with bit 7 when it
 * comes up; 0xe0 before the keys that the first PC did not have; Pause alone
 * sends 0xe1 and two numbers. IBM PS/2 technical reference, keyboard; the sequences are VT100's and xterm's.
 */
#include <drivers/input/keymap.h>
#include <lib/string.h>

#define KEY_UP	       0x80
#define CODE_EXTENDED  0xe0
#define CODE_PAUSE     0xe1
#define CODE_OVERRUN   0xff /* the keyboard lost count: also 0x00 */
#define KEY_LAST_PLAIN 0x39

#define KEY_TAB	      0x0f
#define KEY_LCTRL     0x1d /* 0xe0: right Ctrl */
#define KEY_LSHIFT    0x2a /* 0xe0: not a key, a prefix that old software needed */
#define KEY_SLASH     0x35 /* 0xe0: on the keypad */
#define KEY_RSHIFT    0x36
#define KEY_LALT      0x38 /* 0xe0: right Alt */
#define KEY_CAPS      0x3a
#define KEY_NUM	      0x45
#define KEY_PAD_FIRST 0x47 /* keypad, Home to Delete; 0xe0: the keys beside it */
#define KEY_PAD_LAST  0x53
#define KEY_PAD_ENTER 0x1c

enum { LSHIFT = 1, RSHIFT = 2, LCTRL = 4, RCTRL = 8, LALT = 16, RALT = 32 };

/* Numbers 0x00-0x39. 0: no character (a modifier, or nothing). Enter sends what a terminal sends. */
static const char plain[KEY_LAST_PLAIN + 2] =
	"\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0"
	"\\zxcvbnm,./\0*\0 ";
static const char shifted[KEY_LAST_PLAIN + 2] =
	"\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0"
	"|ZXCVBNM<>?\0*\0 ";

/* Keypad numbers from KEY_PAD_FIRST: the digit, and the sequence after ESC when it is a cursor key. */
static const char pad_digit[] = "789-456+1230.";
static const char *const pad_sequence[] = {"[H", "[A", "[5~", NULL,  "[D",  NULL, "[C",
					   NULL, "[F", "[B",  "[6~", "[2~", "[3~"};
_Static_assert(ARRAY_SIZE(pad_sequence) == KEY_PAD_LAST - KEY_PAD_FIRST + 1, "one for each key");

static u8 modifier(u8 key, bool extended)
{
	switch (key) {
	case KEY_LSHIFT:
		return extended ? 0 : LSHIFT;
	case KEY_RSHIFT:
		return extended ? 0 : RSHIFT;
	case KEY_LCTRL:
		return extended ? RCTRL : LCTRL;
	case KEY_LALT:
		return extended ? RALT : LALT;
	}
	return 0;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The main block of the keyboard, with shift, caps lock and control. */
static char plain_char(const struct keymap *map, u8 key)
{
	bool shift = map->held & (LSHIFT | RSHIFT);
	char c;

	if (map->caps && is_letter(plain[key]))
		shift = !shift;
	c = shift ? shifted[key] : plain[key];
	if (!(map->held & (LCTRL | RCTRL)))
		return c;
	if (c == ' ')
		c = '@';
	if (c == '/') /* the habit of terminals: Ctrl-/ is Ctrl-_ */
		c = '_';
	return c >= '@' && c < 0x7f ? c & 0x1f : c;
}

/* ESC and the text; the length. */
static u32 sequence(char out[KEYMAP_MAX], const char *text)
{
	u32 n = (u32)strlen(text);

	out[0] = '\033';
	memcpy(out + 1, text, n);
	return n + 1;
}

/* One character (Ctrl-@ is NUL), after an ESC when Alt is held. */
static u32 character(const struct keymap *map, char out[KEYMAP_MAX], char c)
{
	u32 n = 0;

	if (map->held & (LALT | RALT))
		out[n++] = '\033';
	out[n++] = c;
	return n;
}

static u32 pad_key(const struct keymap *map, u8 key, char out[KEYMAP_MAX])
{
	u32 i = key - KEY_PAD_FIRST;

	if (!map->extended && (map->num || !pad_sequence[i]))
		return character(map, out, pad_digit[i]);
	return pad_sequence[i] ? sequence(out, pad_sequence[i]) : 0;
}

static u32 key_down(struct keymap *map, u8 key, char out[KEYMAP_MAX])
{
	if (key >= KEY_PAD_FIRST && key <= KEY_PAD_LAST)
		return pad_key(map, key, out);
	if (key == KEY_CAPS)
		map->caps = !map->caps;
	if (key == KEY_NUM && !map->extended)
		map->num = !map->num;
	if (key > KEY_LAST_PLAIN || !plain[key])
		return 0;
	if (map->extended && key != KEY_SLASH && key != KEY_PAD_ENTER)
		return 0; /* volume, power and the like; Print Screen */
	if (key == KEY_TAB && map->held & (LSHIFT | RSHIFT))
		return sequence(out, "[Z");
	return character(map, out, plain_char(map, key));
}

u32 keymap_decode(struct keymap *map, u8 scancode, char out[KEYMAP_MAX])
{
	u8 key = scancode & ~KEY_UP;
	u32 n = 0;
	u8 mod;

	if (map->skip) {
		map->skip--;
		return 0;
	}
	if (scancode == CODE_EXTENDED) {
		map->extended = true;
		return 0;
	}
	if (scancode == CODE_PAUSE) {
		map->skip = 2;
		return 0;
	}
	mod = modifier(key, map->extended);
	if (scancode == 0 || scancode == CODE_OVERRUN)
		map->held = 0; /* a release may be among the lost codes: better up than stuck */
	else if (scancode & KEY_UP)
		map->held &= ~mod;
	else if (mod)
		map->held |= mod;
	else
		n = key_down(map, key, out);
	map->extended = false;
	return n;
}
