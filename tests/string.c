/*
 * The memory and string functions, as the kernel is built: with its compiler flags, by its own CPU.
 *
 * Contract (lib/string.h): each does what C says of its namesake. The exhaustive
 * tests are the host's (tests/host/test_string.c); these repeat the properties that depend on
 * how the code was compiled: every size and alignment is copied, set and compared, and nothing around it.
 */
#include <kernel/ktest.h>
#include <lib/errno.h>
#include <lib/string.h>

#define SIZES  80u /* beyond every special case of lib/string.c */
#define MARGIN 16u

static u8 source[SIZES + 2 * MARGIN];
static u8 target[SIZES + 2 * MARGIN];

static void fill_random(u8 *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (u8)ktest_rand();
}

/* How many bytes of the target are not what they should be: `want` in [at, at + n), 0xa5 around it. */
static u32 wrong_bytes(size_t at, size_t n, const u8 *want)
{
	u32 wrong = 0;

	for (size_t i = 0; i < sizeof(target); i++)
		wrong += target[i] != (i >= at && i < at + n ? want[i - at] : 0xa5);
	return wrong;
}

static void reset_target(void)
{
	for (size_t i = 0; i < sizeof(target); i++) {
		target[i] = 0xa5;
		barrier();
	}
}

TEST(string, memcpy_copies_every_size)
{
	fill_random(source, sizeof(source));
	for (size_t n = 0; n <= SIZES; n++) {
		size_t from = ktest_rand_below(MARGIN), to = ktest_rand_below(MARGIN);

		reset_target();
		ASSERT_TRUE(memcpy(target + to, source + from, n) == target + to);
		ASSERT_EQ(wrong_bytes(to, n, source + from), 0u);
	}
}

TEST(string, memset_sets_every_size)
{
	u8 want[SIZES];

	for (size_t i = 0; i < SIZES; i++)
		want[i] = 0xc3;
	for (size_t n = 0; n <= SIZES; n++) {
		size_t to = ktest_rand_below(MARGIN);
		int fill = (int)(ktest_rand() << 8 | 0xc3); /* only the low byte counts */

		reset_target();
		ASSERT_TRUE(memset(target + to, fill, n) == target + to);
		ASSERT_EQ(wrong_bytes(to, n, want), 0u);
	}
}

/* Any distance and either direction: as if through a third buffer. */
TEST(string, memmove_overlaps)
{
	u8 want[SIZES];

	for (size_t n = 0; n <= SIZES; n++) {
		size_t from = ktest_rand_below(2 * MARGIN), to = ktest_rand_below(2 * MARGIN);

		fill_random(target, sizeof(target));
		for (size_t i = 0; i < n; i++)
			want[i] = target[from + i];
		ASSERT_TRUE(memmove(target + to, target + from, n) == target + to);
		ASSERT_EQ(memcmp(target + to, want, n), 0);
	}
}

/* A page, and ten bytes more: what clearing and copying pages rests on. */
TEST(string, large_copies)
{
	static u8 a[4096 + 10], b[4096 + 10];

	fill_random(a, sizeof(a));
	memcpy(b, a, sizeof(a));
	EXPECT_EQ(memcmp(a, b, sizeof(a)), 0);
	b[4096] ^= 1;
	EXPECT_NE(memcmp(a, b, sizeof(a)), 0);
	memset(b, 0, sizeof(b));
	EXPECT_TRUE(memchr_inv(b, 0, sizeof(b)) == NULL);
	b[4097] = 1;
	EXPECT_TRUE(memchr_inv(b, 0, sizeof(b)) == b + 4097);
}

/* The first byte that differs decides, as an unsigned number; so the order is antisymmetric. */
TEST(string, memcmp_orders_by_the_first_difference)
{
	for (size_t n = 1; n <= 24; n++) {
		size_t at = ktest_rand_below(n);

		fill_random(source, n);
		memcpy(target, source, n);
		fill_random(target + at, n - at);
		if (target[at] == source[at])
			target[at] ^= 0x80;
		EXPECT_EQ(memcmp(source, target, n) < 0, source[at] < target[at]);
		EXPECT_EQ(memcmp(target, source, n) < 0, target[at] < source[at]);
	}
}

TEST(string, searches_find_the_first)
{
	const char *s = "teak kernel";

	EXPECT_EQ(strlen(s), 11ul);
	EXPECT_EQ(strnlen(s, 4), 4ul);
	EXPECT_TRUE(strchr(s, 'k') == s + 3);
	EXPECT_TRUE(strrchr(s, 'k') == s + 5);
	EXPECT_TRUE(strchr(s, '\0') == s + 11);
	EXPECT_TRUE(strchr(s, 'x') == NULL);
	EXPECT_TRUE(strstr(s, "kern") == s + 5);
	EXPECT_TRUE(strstr(s, "kernels") == NULL);
	EXPECT_TRUE(memchr(s, 'e', 11) == s + 1);
	EXPECT_EQ(strspn(s, "aekt"), 4ul);
	EXPECT_EQ(strcspn(s, " "), 4ul);
}

/* In this order, letters above 127 last: strcmp is negative, zero or positive as the indices compare. */
TEST(string, strcmp_orders_as_unsigned)
{
	static const char *const sorted[] = {"", "A", "a", "ab", "abc", "b", "\xc3\xa4"};
	const int n = ARRAY_SIZE(sorted);

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++) {
			EXPECT_EQ(strcmp(sorted[i], sorted[j]) < 0, i < j);
			EXPECT_EQ(strncmp(sorted[i], sorted[j], 8) == 0, i == j);
		}
	EXPECT_EQ(strncmp(sorted[3], sorted[4], 2), 0);
}

/* The target always ends with NUL, and -E2BIG says that something is missing. */
TEST(string, strscpy_cuts)
{
	char b[4];

	EXPECT_EQ(strscpy(b, "abc", sizeof(b)), 3);
	EXPECT_STREQ(b, "abc");
	EXPECT_EQ(strscpy(b, "abcd", sizeof(b)), -E2BIG);
	EXPECT_STREQ(b, "abc");
	EXPECT_EQ(strscpy(b, "", 1), 0);
	EXPECT_STREQ(b, "");
}
