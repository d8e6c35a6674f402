/*
 * Contract (lib/bitops.h): bit positions as the hardware defines them, for every position and for
 * random words; counting bits agrees with counting them one by one.
 */
#include <tests/host/host.h>

#include <lib/bitops.h>

static u64 random_word(void)
{
	return host_rand() >> host_rand_below(64) << host_rand_below(64);
}

static int lowest(u64 x)
{
	int i = 0;

	while (!(x >> i & 1))
		i++;
	return i;
}

static int highest(u64 x)
{
	int i = 63;

	while (!(x >> i & 1))
		i--;
	return i;
}

static int count(u64 x)
{
	int n = 0;

	for (; x; x >>= 1)
		n += x & 1;
	return n;
}

static void scans_and_counts(void **state)
{
	(void)state;
	host_seed("bitops");
	for (int i = 0; i < 100000; i++) {
		volatile u64 x = random_word();

		assert_int_equal(hweight64(x), count(x));
		assert_int_equal(hweight32((u32)x), count((u32)x));
		assert_int_equal(fls((u32)x), (u32)x ? highest((u32)x) + 1 : 0);
		assert_int_equal(ffs((int)x), (u32)x ? lowest((u32)x) + 1 : 0);
		assert_int_equal(fls64(x), x ? highest(x) + 1 : 0);
		if (~x)
			assert_int_equal(ffz(x), lowest(~x));
		if (!x)
			continue;
		assert_int_equal(__ffs(x), lowest(x));
		assert_int_equal(__fls(x), highest(x));
		assert_int_equal(ilog2(x), highest(x));
	}
}

static void constants_are_folded(void **state)
{
	(void)state;
	assert_int_equal(__ffs(0x8000000000000000UL), 63);
	assert_int_equal(__fls(1), 0);
	assert_int_equal(fls(0), 0);
	assert_int_equal(ffs(0), 0);
	assert_int_equal(ilog2(4096), 12);
}

static void powers_of_two(void **state)
{
	(void)state;
	for (int i = 0; i < 64; i++) {
		u64 x = 1ULL << i;

		assert_true(is_power_of_2(x));
		assert_int_equal(roundup_pow_of_two(x), x);
		assert_int_equal(rounddown_pow_of_two(x), x);
		if (i < 2)
			continue;
		assert_false(is_power_of_2(x - 1) || is_power_of_2(x + 1));
		assert_int_equal(roundup_pow_of_two(x - 1), x);
		assert_int_equal(rounddown_pow_of_two(x + 1), x);
	}
	assert_false(is_power_of_2(0));
	assert_int_equal(roundup_pow_of_two(1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scans_and_counts),
		cmocka_unit_test(constants_are_folded),
		cmocka_unit_test(powers_of_two),
	};

	return cmocka_run_group_tests_name("bitops", tests, NULL, NULL);
}
