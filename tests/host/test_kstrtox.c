/*
 * Contract (lib/kstrtox.h): the whole string is a number or it is refused; -EINVAL comes before -ERANGE;
 * the result is untouched on error. Printing a number in any base and reading it back is the identity.
 *
 * Sources: lib/kstrtox.c
 */
#include <tests/host/host.h>

#include <lib/kstrtox.h>

#define UNTOUCHED 0x5eed5eed5eed5eedULL

static void expect_u64(const char *s, unsigned int base, int ret, u64 value)
{
	u64 res = UNTOUCHED;
	int got = kstrtou64(s, base, &res);

	if (got != ret || res != (ret ? UNTOUCHED : value))
		fail_msg("kstrtou64(\"%s\", %u) = %d, %llx", s, base, got, res);
}

static void expect_s64(const char *s, int ret, s64 value)
{
	s64 res = (s64)UNTOUCHED;
	int got = kstrtos64(s, 0, &res);

	if (got != ret || res != (ret ? (s64)UNTOUCHED : value))
		fail_msg("kstrtos64(\"%s\") = %d, %lld", s, got, res);
}

static void expect_size(const char *s, int ret, u64 value)
{
	u64 res = UNTOUCHED;
	int got = parse_size(s, &res);

	if (got != ret || res != (ret ? UNTOUCHED : value))
		fail_msg("parse_size(\"%s\") = %d, %llx", s, got, res);
}

static void bases_and_prefixes(void **state)
{
	(void)state;
	expect_u64("0", 0, 0, 0);
	expect_u64("10", 0, 0, 10);
	expect_u64("010", 0, 0, 8);
	expect_u64("0x10", 0, 0, 16);
	expect_u64("0XfF", 0, 0, 255);
	expect_u64("0x10", 16, 0, 16);
	expect_u64("ff", 16, 0, 255);
	expect_u64("010", 10, 0, 10);
	expect_u64("101", 2, 0, 5);
	expect_u64("0x10", 10, -EINVAL, 0);
	expect_u64("0x", 0, -EINVAL, 0);
	expect_u64("0xg", 0, -EINVAL, 0);
	expect_u64("08", 0, -EINVAL, 0);
	expect_u64("12", 2, -EINVAL, 0);
	expect_u64("1", 1, -EINVAL, 0);
	expect_u64("1", 17, -EINVAL, 0);
}

static void nothing_before_nothing_after(void **state)
{
	static const char *const bad[] = {"",	 " ",  " 1",  "1 ",  "+1", "-1",
					  "1\n", "1k", "1.5", "--1", "x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_u64(bad[i], 0, -EINVAL, 0);
}

static void ranges(void **state)
{
	(void)state;
	expect_u64("18446744073709551615", 0, 0, UINT64_MAX);
	expect_u64("18446744073709551616", 0, -ERANGE, 0);
	expect_u64("0xffffffffffffffff", 0, 0, UINT64_MAX);
	expect_u64("0x10000000000000000", 0, -ERANGE, 0);
	expect_u64("99999999999999999999999999x", 0, -EINVAL, 0);
	expect_s64("9223372036854775807", 0, INT64_MAX);
	expect_s64("9223372036854775808", -ERANGE, 0);
	expect_s64("-9223372036854775808", 0, INT64_MIN);
	expect_s64("-9223372036854775809", -ERANGE, 0);
	expect_s64("-0x10", 0, -16);
	expect_s64("-", -EINVAL, 0);
	expect_s64("--1", -EINVAL, 0);
	expect_s64("-0", 0, 0);
}

static void sizes_have_units(void **state)
{
	(void)state;
	expect_size("0", 0, 0);
	expect_size("4k", 0, 4096);
	expect_size("4K", 0, 4096);
	expect_size("0x10M", 0, 16ULL << 20);
	expect_size("3G", 0, 3ULL << 30);
	expect_size("16777215T", 0, 16777215ULL << 40);
	expect_size("16777216T", -ERANGE, 0);
	expect_size("18446744073709551616", -ERANGE, 0);
	expect_size("18446744073709551616x", -EINVAL, 0);
	expect_size("1kk", -EINVAL, 0);
	expect_size("1kB", -EINVAL, 0);
	expect_size("1P", -EINVAL, 0);
	expect_size("k", -EINVAL, 0);
	expect_size("", -EINVAL, 0);
	expect_size("1\x0b", -EINVAL, 0); /* with the bit of lower case set it would be a '+' */
	expect_size("1 ", -EINVAL, 0);
}

static void booleans(void **state)
{
	static const char *const yes[] = {"1", "y", "Y", "yes", "YES", "on", "On", "true", "True"};
	static const char *const no[] = {"0", "n", "N", "no", "No", "off", "OFF", "false", "False"};
	static const char *const bad[] = {"",  "2",   "ye", "yess", "onn",
					  "o", "tru", "1 ", "\x11", "\x10"};
	bool b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		b = false;
		assert_int_equal(kstrtobool(yes[i], &b), 0);
		assert_true(b);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		b = true;
		assert_int_equal(kstrtobool(no[i], &b), 0);
		assert_false(b);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		b = i & 1;
		assert_int_equal(kstrtobool(bad[i], &b), -EINVAL);
		assert_int_equal(b, i & 1);
	}
}

/* libc writes, we read. */
static void what_is_printed_is_read(void **state)
{
	char text[80];

	(void)state;
	host_seed("kstrtox");
	for (int i = 0; i < 20000; i++) {
		u64 v = host_rand() >> host_rand_below(64);

		libc_snprintf(text, sizeof(text), "%llu", v);
		expect_u64(text, i & 1 ? 0 : 10, 0, v);
		libc_snprintf(text, sizeof(text), "%#llx", v);
		expect_u64(text, 16, 0, v);
		libc_snprintf(text, sizeof(text), "%#llo", v);
		expect_u64(text, 0, 0, v);
		libc_snprintf(text, sizeof(text), "%lld", (s64)v);
		expect_s64(text, 0, (s64)v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bases_and_prefixes),
		cmocka_unit_test(nothing_before_nothing_after),
		cmocka_unit_test(ranges),
		cmocka_unit_test(sizes_have_units),
		cmocka_unit_test(booleans),
		cmocka_unit_test(what_is_printed_is_read),
	};

	return cmocka_run_group_tests_name("kstrtox", tests, NULL, NULL);
}
