/*
 * The timers' queue against a model, with a clock and a device of our own: time moves only when we say so, and the device
 * interrupts exactly when it was programmed to (or late, which the queue must bear).
 *
 * Sources: kernel/time/hrtimer.c lib/rbtree.c
 */
#include <tests/host/host.h>

#include <kernel/time/clockevents.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/hrtimer.h>

#define TIMERS 64u

/* ---- the clock and the device ----------------------------------------------------------------------- */

static ktime_t now, programmed = KTIME_MAX;
static u64 nr_programmed;
static const char *demoted;

ktime_t ktime_get(void)
{
	return now;
}

void clockevents_program(ktime_t expires)
{
	programmed = expires;
	nr_programmed++;
}

struct clocksource *current_clocksource(void)
{
	static struct clocksource cs = {.name = "host"};

	return &cs;
}

void clocksource_mark_unstable(struct clocksource *cs, const char *why)
{
	(void)cs;
	demoted = why;
}

/* ---- the model: when each is due, -1: not queued --------------------------------------------------------- */

struct item {
	struct hrtimer timer;
	ktime_t due;
	ktime_t interval; /* 0: not periodic */
	u64 fired, sequence;
};
static struct item items[TIMERS];
static u64 sequence;
static ktime_t last_due;
static u64 last_sequence;

static enum hrtimer_restart fire(struct hrtimer *timer)
{
	struct item *item = container_of(timer, struct item, timer);

	assert_true(item->due >= 0);   /* a cancelled one never fires */
	assert_true(item->due <= now); /* never early */
	assert_true(item->due > last_due ||
		    (item->due == last_due && item->sequence > last_sequence)); /* in order */
	last_due = item->due;
	last_sequence = item->sequence;
	item->fired++;
	assert_true(hrtimer_active(timer)); /* its function is running */
	if (!item->interval) {
		item->due = -1;
		return HRTIMER_NORESTART;
	}
	hrtimer_forward(timer, now, item->interval);
	assert_true(timer->expires > now);
	assert_int_equal((timer->expires - item->due) % item->interval, 0);
	assert_true(timer->expires - now <= item->interval);
	item->due = timer->expires;
	item->sequence = sequence++;
	return HRTIMER_RESTART;
}

static ktime_t model_first(void)
{
	ktime_t first = KTIME_MAX;

	for (u32 i = 0; i < TIMERS; i++)
		if (items[i].due >= 0 && items[i].due < first)
			first = items[i].due;
	return first;
}

/* The device may be set for earlier than needed, never for later. */
static void check(void)
{
	assert_true(programmed <= model_first());
	assert_true(hrtimer_next_event() == model_first());
}

static void start(struct item *item)
{
	bool relative = host_rand_below(2);
	ktime_t ahead = (ktime_t)host_rand_below(1000) - 100;

	item->interval = host_rand_below(4) ? 0 : 1 + (ktime_t)host_rand_below(200);
	item->due = max(now + ahead, 0LL);
	item->sequence = sequence++;
	hrtimer_start(&item->timer, relative ? item->due - now : item->due,
		      relative ? HRTIMER_MODE_REL : HRTIMER_MODE_ABS);
}

static void cancel(struct item *item)
{
	assert_int_equal(hrtimer_cancel(&item->timer), item->due >= 0);
	assert_false(hrtimer_active(&item->timer));
	item->due = -1;
}

static void interrupt(void)
{
	programmed = KTIME_MAX; /* one-shot */
	last_due = -1;
	last_sequence = 0;
	hrtimer_interrupt();
	assert_true(model_first() > now); /* nothing that was due is left */
}

/* Time goes on; the device interrupts for what is passed, on time or late. */
static void pass_time(void)
{
	ktime_t until = now + (ktime_t)host_rand_below(300);

	while (programmed <= until) {
		now = max(now, programmed) +
		      (host_rand_below(3) ? 0 : (ktime_t)host_rand_below(50));
		until = max(until, now);
		interrupt();
		check();
	}
	now = until;
}

static void reset(void)
{
	for (u32 i = 0; i < TIMERS; i++)
		if (items[i].timer.function)
			hrtimer_cancel(&items[i].timer);
	now = 1000;
	programmed = KTIME_MAX;
	sequence = 1;
	demoted = NULL;
	hrtimer_init_cpu();
	for (u32 i = 0; i < TIMERS; i++) {
		items[i] = (struct item){.due = -1};
		hrtimer_init(&items[i].timer, fire);
	}
}

static void random_operations(void **state)
{
	(void)state;
	reset();
	for (u32 i = 0; i < 100000; i++) {
		struct item *item = &items[host_rand_below(TIMERS)];

		switch (host_rand_below(4)) {
		case 0:
		case 1:
			start(item);
			break;
		case 2:
			cancel(item);
			break;
		default:
			pass_time();
		}
		check();
	}
	assert_null(demoted);
}

/* Timeouts: started and cancelled again and again, they do not touch the device. */
static void timeouts_are_cheap(void **state)
{
	u64 before;

	(void)state;
	reset();
	hrtimer_start(&items[0].timer, 1000, HRTIMER_MODE_REL);
	before = nr_programmed;
	for (u32 i = 0; i < 1000; i++) {
		hrtimer_start(&items[1].timer, 100000, HRTIMER_MODE_REL);
		assert_int_equal(hrtimer_cancel(&items[1].timer), 1);
	}
	assert_int_equal(nr_programmed, before);
}

/* A cancelled first timer costs one interrupt for nothing, and then the device knows. */
static void empty_interrupt_reprograms(void **state)
{
	struct hrtimer_cpu_base *base = hrtimer_base_of(0);
	u64 empty = base->nr_empty;

	(void)state;
	reset();
	items[0].due = now + 500;
	items[1].due = now + 100;
	hrtimer_start(&items[0].timer, items[0].due, HRTIMER_MODE_ABS);
	hrtimer_start(&items[1].timer, items[1].due, HRTIMER_MODE_ABS);
	cancel(&items[1]);
	assert_int_equal(programmed, 1100);
	now = 1100;
	interrupt();
	assert_int_equal(base->nr_empty, empty + 1);
	assert_int_equal(programmed, 1500);
}

static void far_and_past(void **state)
{
	(void)state;
	reset();
	items[0].due = KTIME_MAX; /* saturates */
	hrtimer_start(&items[0].timer, KTIME_MAX, HRTIMER_MODE_REL);
	assert_true(items[0].timer.expires == KTIME_MAX);
	items[1].due = 0;
	hrtimer_start(&items[1].timer, -5000, HRTIMER_MODE_REL);
	assert_true(programmed <= now);
	items[1].due = items[1].timer.expires = max(items[1].timer.expires, 0LL);
	interrupt();
	assert_int_equal(items[1].fired, 1);
	assert_int_equal(items[0].fired, 0);
}

/* ---- functions that start and stop timers ------------------------------------------------------------- */

static u32 rounds;

static enum hrtimer_restart starts_itself(struct hrtimer *timer)
{
	rounds++;
	if (rounds < 5)
		hrtimer_start(timer, 10, HRTIMER_MODE_REL);
	return HRTIMER_NORESTART;
}

static enum hrtimer_restart cancels_another(struct hrtimer *timer)
{
	(void)timer;
	assert_int_equal(hrtimer_cancel(&items[2].timer), 1);
	return HRTIMER_NORESTART;
}

static void functions_may_use_timers(void **state)
{
	(void)state;
	reset();
	rounds = 0;
	hrtimer_init(&items[1].timer, starts_itself);
	hrtimer_start(&items[1].timer, 10, HRTIMER_MODE_REL);
	for (u32 i = 0; i < 10; i++) {
		now += 10;
		interrupt();
	}
	assert_int_equal(rounds, 5);

	hrtimer_init(&items[1].timer, cancels_another);
	hrtimer_start(&items[1].timer, 10, HRTIMER_MODE_REL);
	hrtimer_start(&items[2].timer, 10, HRTIMER_MODE_REL);
	now += 10;
	interrupt();
	assert_int_equal(items[2].fired, 0);
}

static enum hrtimer_restart forgets_to_forward(struct hrtimer *timer)
{
	(void)timer;
	return HRTIMER_RESTART;
}

/* It would expire for ever in one interrupt. */
static void unmoved_restart_is_reported(void **state)
{
	static jmp_buf escape;

	(void)state;
	reset();
	hrtimer_init(&items[1].timer, forgets_to_forward);
	hrtimer_start(&items[1].timer, 10, HRTIMER_MODE_REL);
	now += 10;
	shim_panic_escape = &escape; /* a WARN_ON is fatal on the host */
	if (setjmp(escape) == 0) {
		hrtimer_interrupt();
		fail();
	}
	shim_panic_escape = NULL;
	spin_lock_init(&hrtimer_base_of(0)->lock);
	hrtimer_base_of(0)->in_interrupt = false;
	hrtimer_init(&items[1].timer, fire);
}

/* The device interrupts again and again, and the clock always says the same. */
static void stopped_clock_is_reported(void **state)
{
	(void)state;
	reset();
	hrtimer_start(&items[0].timer, 10, HRTIMER_MODE_REL);
	for (u32 i = 0; i < 10; i++) {
		assert_true(i >= 5 || !demoted);
		interrupt();
	}
	assert_non_null(demoted);
	hrtimer_cancel(&items[0].timer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(timeouts_are_cheap),
		cmocka_unit_test(empty_interrupt_reprograms),
		cmocka_unit_test(far_and_past),
		cmocka_unit_test(functions_may_use_timers),
		cmocka_unit_test(unmoved_restart_is_reported),
		cmocka_unit_test(stopped_clock_is_reported),
	};

	host_seed("hrtimer");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
