/*
 * The formatter, as the kernel is built.
 *
 * Contract (lib/vsprintf.h): what C defines, as C defines it; never more than the
 * buffer holds; what was printed can be read back. The host's tests compare with libc
 * (tests/host/test_vsprintf.c); here stand one line for each conversion, and the hooks that only the kernel has.
 */
#include <kernel/ktest.h>
#include <lib/kstrtox.h>
#include <lib/string.h>
#include <lib/symtab.h>
#include <lib/vsprintf.h>

static char text[256];

/* Without the compiler's check of formats, which knows no %b and refuses what is wrong on purpose. */
static int (*const volatile format)(char *, size_t, const char *, ...) = snprintf;

#define EXPECT_FORMAT(want, ...)                                                          \
	do {                                                                              \
		EXPECT_EQ((size_t)format(text, sizeof(text), __VA_ARGS__), strlen(want)); \
		EXPECT_STREQ(text, want);                                                 \
	} while (0)

TEST(vsprintf, every_conversion)
{
	EXPECT_FORMAT("-42 42 2a 2A 52 101010", "%d %u %x %X %o %b", -42, 42, 42, 42, 42, 42);
	EXPECT_FORMAT("c text %", "%c %s %%", 'c', "text");
	EXPECT_FORMAT("0x2a 052 0b11", "%#x %#o %#b", 42, 42, 3);
	EXPECT_FORMAT("+7| 7|00007|   -7|-7   |", "%+d|% d|%05d|%5d|%-5d|", 7, 7, 7, -7, -7);
	EXPECT_FORMAT("  007|te|", "%5.3d|%.2s|", 7, "text");
	EXPECT_FORMAT("   7|7   |007", "%*d|%-*d|%.*d", 4, 7, 4, 7, 3, 7);
	EXPECT_FORMAT("-1 255 65535 -1", "%hhd %hhu %hu %hd", 255, 255, 65535, 65535);
	EXPECT_FORMAT("-9223372036854775808 ffffffffffffffff", "%lld %lx", INT64_MIN, UINT64_MAX);
	EXPECT_FORMAT("ffffffff80100000", "%p", 0xffffffff80100000ul);
}

TEST(vsprintf, mistakes_are_printed)
{
	EXPECT_FORMAT("(null)", "%s", NULL);
	EXPECT_FORMAT("1 %n %s", "%d %n %s", 1, 2, 3);
	EXPECT_FORMAT("%y", "%y", 1);
}

/* For each size: the length is that of the whole, the text a beginning of it, the rest of the buffer untouched. */
TEST(vsprintf, cuts_at_the_size)
{
	const char whole[] = "12345 abc";

	for (size_t size = 0; size < 16; size++) {
		size_t kept = size ? min(size - 1, sizeof(whole) - 1) : 0;

		memset(text, 'x', sizeof(text));
		ASSERT_EQ((size_t)format(text, size, "%d %s", 12345, "abc"), sizeof(whole) - 1);
		ASSERT_EQ(memcmp(text, whole, kept), 0);
		ASSERT_EQ(text[kept], size ? '\0' : 'x');
		ASSERT_TRUE(memchr_inv(text + kept + 1, 'x', sizeof(text) - kept - 1) == NULL);
	}
	EXPECT_EQ(scnprintf(text, 4, "%d", 12345), 3);
	EXPECT_EQ(scnprintf(text, 0, "%d", 12345), 0);
}

/* Round trip: in each base, for numbers of every length. */
TEST(vsprintf, numbers_are_read_back)
{
	for (u32 i = 0; i < 500; i++) {
		u64 value = ktest_rand() >> ktest_rand_below(64), back = ~value;

		snprintf(text, sizeof(text), "%llu", value);
		ASSERT_EQ(kstrtou64(text, 10, &back), 0);
		ASSERT_EQ(back, value);
		snprintf(text, sizeof(text), "%#llx", value);
		ASSERT_EQ(kstrtou64(text, 16, &back), 0);
		ASSERT_EQ(back, value);
		snprintf(text, sizeof(text), "%#llo", value);
		ASSERT_EQ(kstrtou64(text, 0, &back), 0);
		ASSERT_EQ(back, value);
		format(text, sizeof(text), "%llb", value);
		ASSERT_EQ(kstrtou64(text, 2, &back), 0);
		ASSERT_EQ(back, value);
	}
}

/* %ps names a function of this kernel, %pS adds where in it the address lies. */
TEST(vsprintf, symbols_have_names)
{
	unsigned long addr = (unsigned long)memcpy;

	if (!symbol_count())
		ktest_skip("no symbol table in this image");
	EXPECT_FORMAT("memcpy", "%ps", addr);
	format(text, sizeof(text), "%pS", addr + 1);
	EXPECT_TRUE(strstr(text, "memcpy+0x1/0x") == text);
}
