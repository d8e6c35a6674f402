/*
 * Contract (drivers/input/keymap.h): a scancode becomes what a terminal would send for the key; modifiers
 * act while they are held; every byte is harmless in every state.
 *
 * Sources: drivers/input/keymap.c
 */
#include <tests/host/host.h>

#include <drivers/input/keymap.h>
#include <lib/string.h>

/* Scancodes in hexadecimal, blanks between, typed on a new keyboard, give this text. */
static void check_keys(const char *codes, const char *text)
{
	struct keymap map = KEYMAP_INIT;
	char all[256];
	u32 len = 0;

	while (*codes) {
		char *end, out[KEYMAP_MAX];
		u32 n = keymap_decode(&map, (u8)strtoul(codes, &end, 16), out);

		assert_true(n <= KEYMAP_MAX && len + n <= sizeof(all));
		memcpy(all + len, out, n);
		len += n;
		codes = end;
	}
	assert_int_equal(len, strlen(text));
	assert_memory_equal(all, text, len);
}

static void the_main_block(void **state)
{
	(void)state;
	check_keys("", "");
	check_keys("1e 9e", "a");
	check_keys("02 03 04 05 06 07 08 09 0a 0b 0c 0d", "1234567890-=");
	check_keys("10 11 12 13 14 15 16 17 18 19 1a 1b", "qwertyuiop[]");
	check_keys("1e 1f 20 21 22 23 24 25 26 27 28 29 2b", "asdfghjkl;'`\\");
	check_keys("2c 2d 2e 2f 30 31 32 33 34 35 39", "zxcvbnm,./ ");
	check_keys("01 0e 0f 1c", "\033\177\t\r");
	check_keys("2a 02 03 04 05 06 07 08 09 0a 0b 0c 0d aa 02", "!@#$%^&*()_+1");
	check_keys("36 1e 1a 1b 27 28 29 2b 33 34 35 b6 1e", "A{}:\"~|<>?a");
}

static void modifiers(void **state)
{
	(void)state;
	check_keys("2a 36 1e aa 1e b6 1e", "AAa"); /* both shifts, released one by one */
	check_keys("3a ba 1e 02 2a 1e aa 3a ba 1e",
		   "A1aa"); /* caps: letters only, shift undoes it */
	check_keys("1d 1e 2e 16 9d 1e", "\001\003\025a");
	check_keys("e0 1d 1e e0 9d 1e", "\001a"); /* the right one */
	check_keys("1d 1a 2b 1b 02 0e", "\033\034\0351\177");
	check_keys("38 30 b8 30 e0 38 21 e0 b8", "\033bb\033f");
	check_keys("2a 0f aa", "\033[Z");
	check_keys("2a 1e ff 1e", "Aa"); /* codes were lost: nothing stays held */
	check_keys("2a 1e 00 1e", "Aa");
}

static void cursor_keys(void **state)
{
	(void)state;
	check_keys("e0 48 e0 c8 e0 50 e0 4d e0 4b", "\033[A\033[B\033[C\033[D");
	check_keys("e0 47 e0 4f e0 52 e0 53 e0 49 e0 51",
		   "\033[H\033[F\033[2~\033[3~\033[5~\033[6~");
	/* The fake shifts around them that a keyboard may send. */
	check_keys("e0 2a e0 48 e0 c8 e0 aa 1e", "\033[Aa");
	check_keys("2a e0 aa e0 48 e0 c8 e0 2a 1e aa", "\033[AA");
}

static void the_keypad(void **state)
{
	(void)state;
	check_keys("47 48 49 4a 4b 4c 4d 4e 4f 50 51 52 53 37 e0 35 e0 1c", "789-456+1230.*/\r");
	check_keys("45 c5 48 4a 4e 4c 47 53 45 c5 48", "\033[A-+5\033[H\033[3~8");
}

static void keys_without_a_meaning(void **state)
{
	(void)state;
	check_keys("3b 44 57 58 54 56 e0 5b e0 5c e0 5d e0 37 e0 b7 1e",
		   "a");			 /* F1..., Windows, Print */
	check_keys("e1 1d 45 e1 9d c5 1e", "a"); /* Pause: no Ctrl, no NumLock */
	check_keys("e1 1d 45 e1 9d c5 48", "8");
	check_keys("e0 46 e0 c6 1e", "a");	 /* Ctrl-Pause */
	check_keys("fa fe ee 55 80 1e", "a");	 /* answers of the keyboard itself */
	check_keys("e0 10 e0 20 e0 2e 10", "q"); /* volume and tracks */
}

static void random_bytes(void **state)
{
	struct keymap map = KEYMAP_INIT;
	static const u8 ends_everything[] = {0xff, 0xff, 0xff};
	char out[KEYMAP_MAX + 1];

	(void)state;
	host_seed("keymap");
	for (int i = 0; i < 1000000; i++) {
		u32 n;

		out[KEYMAP_MAX] = 0x5a;
		n = keymap_decode(&map, (u8)host_rand(), out);
		assert_true(n <= KEYMAP_MAX && out[KEYMAP_MAX] == 0x5a);
		for (u32 j = 0; j < n; j++)
			assert_true((u8)out[j] < 0x80);
	}
	for (size_t i = 0; i < sizeof(ends_everything); i++)
		keymap_decode(&map, ends_everything[i], out);
	map.caps = false;
	assert_int_equal(keymap_decode(&map, 0x1e, out), 1);
	assert_int_equal(out[0], 'a');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_main_block),
		cmocka_unit_test(modifiers),
		cmocka_unit_test(cursor_keys),
		cmocka_unit_test(the_keypad),
		cmocka_unit_test(keys_without_a_meaning),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests_name("keymap", tests, NULL, NULL);
}
