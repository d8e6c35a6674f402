/*
 * kvmclock's arithmetic against a reference that multiplies as on paper, and its version protocol against a thread that
 * plays the host and writes all the time.
 *
 * Sources: arch/pvclock.c
 */
#include <tests/host/host.h>

#include <arch/pvclock.h>
#include <pthread.h>
#include <tests/pvclock_model.h>

static void scale_is_exact(void **state)
{
	(void)state;
	for (u32 i = 0; i < 200000; i++) {
		u64 delta = host_rand() >> host_rand_below(64);
		u32 mul = (u32)(host_rand() >> (32 + host_rand_below(32)));
		s8 shift = (s8)((int)host_rand_below(65) - 32);

		assert_int_equal(pvclock_scale_delta(delta, mul, shift),
				 model_scale_delta(delta, mul, shift));
	}
}

/* Any mul and shift, also those that no host writes, must give an answer and not undefined behaviour. */
static void nonsense_is_survived(void **state)
{
	u64 sum = 0;

	(void)state;
	for (int shift = -128; shift < 128; shift++) {
		sum += pvclock_scale_delta(host_rand(), (u32)host_rand(), (s8)shift);
		sum += pvclock_tsc_khz((u32)host_rand(), (s8)shift);
		assert_int_equal(pvclock_tsc_khz(0, (s8)shift), 0);
	}
	assert_int_not_equal(sum, 0);
}

/* A second of the frequency that mul and shift stand for is a second. */
static void frequency_fits(void **state)
{
	(void)state;
	for (u32 i = 0; i < 10000; i++) {
		u32 mul = 0x80000000u | (u32)host_rand(); /* as KVM makes it */
		s8 shift = (s8)((int)host_rand_below(8) - 4);
		u64 khz = pvclock_tsc_khz(mul, shift);
		u64 ns = pvclock_scale_delta(khz * 1000, mul, shift);

		assert_in_range(ns, 999980000, 1000000001);
	}
}

/* ---- the host writes -------------------------------------------------------------------------------- */

static struct pvclock_vcpu_time_info set;
static struct pvclock_wall_clock wall;
static volatile bool stop;

static void set_all(u64 n)
{
	*(volatile u32 *)&set.version += 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*(volatile u64 *)&set.tsc_timestamp = n;
	*(volatile u64 *)&set.system_time = ~n;
	*(volatile u32 *)&set.tsc_to_system_mul = (u32)n;
	*(volatile s8 *)&set.tsc_shift = (s8)(n % 5);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*(volatile u32 *)&set.version += 1;
}

static void *play_host(void *arg)
{
	(void)arg;
	for (u64 n = 1; !stop; n++)
		set_all(n);
	return NULL;
}

static void torn_sets_are_never_seen(void **state)
{
	struct pvclock_vcpu_time_info copy;
	pthread_t host;

	(void)state;
	set_all(0);
	stop = false;
	assert_int_equal(pthread_create(&host, NULL, play_host, NULL), 0);
	for (u32 i = 0; i < 200000; i++) {
		pvclock_snapshot(&set, &copy);
		assert_int_equal(copy.system_time, ~copy.tsc_timestamp);
		assert_int_equal(copy.tsc_to_system_mul, (u32)copy.tsc_timestamp);
		assert_int_equal(copy.tsc_shift, copy.tsc_timestamp % 5);
		assert_int_equal(copy.version % 2, 0);
	}
	stop = true;
	pthread_join(host, NULL);
}

static void odd_version_never_compares_equal(void **state)
{
	(void)state;
	for (u32 version = 1; version < 1000; version += 2)
		assert_true(pvclock_read_retry(&version, pvclock_read_begin(&version)));
	for (u32 version = 0; version < 1000; version += 2)
		assert_false(pvclock_read_retry(&version, pvclock_read_begin(&version)));
}

static void read_gives_the_sum(void **state)
{
	u64 last = 0;

	(void)state;
	set = (struct pvclock_vcpu_time_info){.version = 4,
					      .tsc_timestamp = rdtsc(),
					      .system_time = 123456789,
					      .tsc_to_system_mul = 0xc53792b0,
					      .tsc_shift = -1,
					      .flags = PVCLOCK_TSC_STABLE_BIT};
	for (u32 i = 0; i < 1000; i++) {
		u8 flags;
		u64 now = pvclock_read(&set, &flags);

		assert_true(now >= last && now >= 123456789);
		assert_int_equal(flags, PVCLOCK_TSC_STABLE_BIT);
		last = now;
	}
}

/* ---- between CPUs -------------------------------------------------------------------------------------- */

static u64 last_value;
static u64 went_back;

static void *read_clamped(void *arg)
{
	u64 skew = *(u64 *)arg, mine = 0;

	for (u64 t = 0; t < 100000; t++) {
		u64 now = pvclock_clamp(&last_value, t + skew);

		if (now < mine)
			__atomic_fetch_add(&went_back, 1, __ATOMIC_SEQ_CST);
		mine = now;
	}
	return NULL;
}

static void clamp_between_threads(void **state)
{
	static u64 skew[3] = {0, 500, 70};
	pthread_t threads[3];

	(void)state;
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_clamped, &skew[i]), 0);
	for (u32 i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(went_back, 0);
	assert_int_equal(last_value, 99999 + 500);
}

static void wall_clock(void **state)
{
	u64 ns = 0;

	(void)state;
	assert_false(pvclock_wall_ns(&wall, &ns));
	wall = (struct pvclock_wall_clock){.version = 2, .sec = 0xffffffff, .nsec = 999999999};
	assert_true(pvclock_wall_ns(&wall, &ns));
	assert_int_equal(ns, 0xffffffffULL * 1000000000 + 999999999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scale_is_exact),
		cmocka_unit_test(nonsense_is_survived),
		cmocka_unit_test(frequency_fits),
		cmocka_unit_test(torn_sets_are_never_seen),
		cmocka_unit_test(odd_version_never_compares_equal),
		cmocka_unit_test(read_gives_the_sum),
		cmocka_unit_test(clamp_between_threads),
		cmocka_unit_test(wall_clock),
	};

	host_seed("pvclock");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
