/*
 * The calendar against libc's, for every day up to the year 9999.
 *
 * Sources: kernel/time/calendar.c
 */
#include <tests/host/host.h>

#define tm libc_tm /* <time.h> has a struct of this name too */
#include <time.h>
#undef tm

#include <kernel/time/calendar.h>

#define DAY  86400
#define LAST 253402300799LL /* 9999-12-31 23:59:59 */

static void same_as_libc(u64 seconds)
{
	time_t t = (time_t)seconds;
	struct libc_tm theirs;
	struct tm ours;

	gmtime_r(&t, &theirs);
	time_to_tm(seconds, &ours);
	assert_int_equal(ours.year, theirs.tm_year + 1900);
	assert_int_equal(ours.month, theirs.tm_mon + 1);
	assert_int_equal(ours.day, theirs.tm_mday);
	assert_int_equal(ours.hour, theirs.tm_hour);
	assert_int_equal(ours.min, theirs.tm_min);
	assert_int_equal(ours.sec, theirs.tm_sec);
	assert_int_equal(ours.weekday, theirs.tm_wday);
	assert_true(tm_valid(&ours));
	assert_int_equal(tm_to_time(&ours), seconds);
}

static void every_day(void **state)
{
	(void)state;
	for (u64 t = 0; t <= LAST; t += DAY)
		same_as_libc(t);
}

static void random_seconds(void **state)
{
	(void)state;
	for (u32 i = 0; i < 100000; i++)
		same_as_libc(host_rand_below(LAST + 1));
}

/* Whatever an RTC may hold. */
static void any_fields(void **state)
{
	(void)state;
	for (u32 i = 0; i < 200000; i++) {
		struct tm tm = {.year = 1960 + (u32)host_rand_below(8100),
				.month = (u32)host_rand_below(16),
				.day = (u32)host_rand_below(34),
				.hour = (u32)host_rand_below(26),
				.min = (u32)host_rand_below(62),
				.sec = (u32)host_rand_below(62)};
		struct tm back;

		if (!tm_valid(&tm))
			continue;
		time_to_tm(tm_to_time(&tm), &back);
		assert_int_equal(back.year, tm.year);
		assert_int_equal(back.month, tm.month);
		assert_int_equal(back.day, tm.day);
		assert_int_equal(back.sec, tm.sec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day),
		cmocka_unit_test(random_seconds),
		cmocka_unit_test(any_fields),
	};

	host_seed("calendar");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
