/*
 * The formatter, on formats that nobody wrote: whatever the bytes, it stores no more than it was given room for, ends
 * with NUL, and says the same length for every size of buffer; a shorter buffer holds the beginning of the text.
 *
 * Every argument is the address of one string, so that each conversion may take it, %s too.
 *
 * Options: -max_len=64
 */
#include <tests/fuzz/fuzz.h>

#include <lib/string.h>
#include <lib/vsprintf.h>

#define ROOM 200

typedef int (*formatter)(char *buf, size_t size, const char *fmt, ...);
static const volatile formatter format = snprintf, format_written = scnprintf;

static int run(formatter f, char *buf, size_t size, const char *fmt, size_t star)
{
	static const char text[] = "a string of its own";

	return f(buf, size, fmt, star, text, text, text, text, text, text, text, text, text, text,
		 text, text, text, text, text, text, text, text, text, text, text, text, text, text,
		 text, text, text, text, text, text, text, text, text, text, text, text, text, text,
		 text, text, text, text, text, text, text, text, text, text, text, text, text, text,
		 text, text, text, text, text, text, text, text, text, text, text, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	size_t room = fuzz_u8(&in) % ROOM;
	char *fmt = malloc(in.left + 1); /* its end is watched by AddressSanitizer */
	char *small = malloc(room);
	char large[ROOM];

	libc_memcpy(fmt, in.data, in.left);
	fmt[in.left] = '\0';

	int len = run(format, large, sizeof(large), fmt, room);
	int stored = room ? (int)min((size_t)len, room - 1) : 0;

	BUG_ON(len < 0);
	BUG_ON(strnlen(large, sizeof(large)) > min((size_t)len, sizeof(large) - 1));
	BUG_ON(run(format, small, room, fmt, room) != len);
	BUG_ON(room && small[stored]);
	BUG_ON(libc_memcmp(small, large, (size_t)stored));
	BUG_ON(run(format_written, small, room, fmt, room) != stored);
	free(small);
	free(fmt);
	return 0;
}
