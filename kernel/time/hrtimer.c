/*
 * High-resolution timers. A CPU's timers stand in a red-black tree by the time at which they expire; its clock event
 * device is programmed for the first of them and interrupts once. Nothing ticks: with no timer there is no interrupt.
 *
 * The device is touched as seldom as possible. `programmed` is what it will interrupt for; a timer that expires later than
 * that needs no programming now, and a cancelled first timer leaves the device as it is: it interrupts once for
 * nothing, finds out, and is programmed for what is really first. Timers that are started and cancelled all the
 * time (timeouts) so cost no device access at all.
 *
 * Invariants: a timer is in at most one tree, that of timer->base, and `queued` says so; `programmed` is not later than
 * the first of the tree, unless hrtimer_interrupt() is running and will see to it. A timer never fires before
 * its time, because the interrupt asks the clock and not the device.
 *
 * A timer's base may change only under the lock of the base it has, when its function is not running: lock_base().
 * Linux: kernel/time/hrtimer.c.
 */
#define pr_fmt(fmt) "hrtimer: " fmt

#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/percpu.h>
#include <kernel/time/clockevents.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/hrtimer.h>
#include <lib/bug.h>

#define STILL_MAX 5 /* interrupts without any time between them: the clock has stopped */

static DEFINE_PER_CPU(struct hrtimer_cpu_base, hrtimer_base)
	__aligned(64) = {.programmed = KTIME_MAX};

struct hrtimer_cpu_base *hrtimer_base_of(u32 cpu)
{
	return per_cpu_ptr(&hrtimer_base, cpu);
}

/* ---- the tree ----------------------------------------------------------------------------------- */

static struct hrtimer *first_timer(const struct hrtimer_cpu_base *base)
{
	return rb_entry_safe(rb_first_cached(&base->tree), struct hrtimer, node);
}

static void enqueue(struct hrtimer_cpu_base *base, struct hrtimer *timer)
{
	struct rb_node **link = &base->tree.rb_root.rb_node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (timer->expires < rb_entry(parent, struct hrtimer, node)->expires) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(&timer->node, parent, link);
	rb_insert_color_cached(&timer->node, &base->tree, leftmost);
	timer->queued = true;
}

static void dequeue(struct hrtimer_cpu_base *base, struct hrtimer *timer)
{
	rb_erase_cached(&timer->node, &base->tree);
	timer->queued = false;
}

/* ---- start and cancel --------------------------------------------------------------------------- */

/* Lock the base that the timer is on. NULL for a moment, while another CPU takes it to its own. Interrupts off. */
static struct hrtimer_cpu_base *lock_base(struct hrtimer *timer)
{
	struct hrtimer_cpu_base *base;

	for (;;) {
		base = READ_ONCE(timer->base);
		if (likely(base != NULL)) {
			spin_lock(&base->lock);
			if (likely(base == READ_ONCE(timer->base)))
				return base;
			spin_unlock(&base->lock);
		}
		cpu_relax();
	}
}

/* Take a timer that is in no tree and not running from its base to this CPU's. Returns that, locked. */
static struct hrtimer_cpu_base *move_here(struct hrtimer *timer, struct hrtimer_cpu_base *from)
{
	struct hrtimer_cpu_base *here = this_cpu_ptr(&hrtimer_base);

	WRITE_ONCE(timer->base, NULL);
	spin_unlock(&from->lock);
	spin_lock(&here->lock);
	WRITE_ONCE(timer->base, here);
	return here;
}

static ktime_t add_saturating(ktime_t a, ktime_t b)
{
	ktime_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return b > 0 ? KTIME_MAX : 0;
}

/* The device has to know of a new first timer. With the base locked, on its CPU. */
static void program(struct hrtimer_cpu_base *base, ktime_t expires)
{
	base->programmed = expires;
	clockevents_program(expires);
}

void hrtimer_init(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *))
{
	*timer = (struct hrtimer){.function = function, .base = this_cpu_ptr(&hrtimer_base)};
}

void hrtimer_start(struct hrtimer *timer, ktime_t time, enum hrtimer_mode mode)
{
	unsigned long flags = local_irq_save();
	struct hrtimer_cpu_base *base = lock_base(timer), *here = this_cpu_ptr(&hrtimer_base);

	if (mode == HRTIMER_MODE_REL)
		time = add_saturating(ktime_get(), time);
	if (timer->queued)
		dequeue(base, timer);
	/* While its function runs elsewhere it stays there: that CPU will look at its tree again. */
	if (base != here && base->running != timer)
		base = move_here(timer, base);
	timer->expires = time;
	enqueue(base, timer);
	if (time < base->programmed && !base->in_interrupt)
		program(base, time);
	spin_unlock(&base->lock);
	local_irq_restore(flags);
}

int hrtimer_try_to_cancel(struct hrtimer *timer)
{
	unsigned long flags = local_irq_save();
	struct hrtimer_cpu_base *base = lock_base(timer);
	int was = 0;

	if (timer->queued) {
		dequeue(base, timer);
		was = 1;
	} else if (base->running == timer && base != this_cpu_ptr(&hrtimer_base)) {
		was = -1;
	}
	spin_unlock(&base->lock);
	local_irq_restore(flags);
	return was;
}

int hrtimer_cancel(struct hrtimer *timer)
{
	int was;

	/* Once there are threads, the waiter should sleep here instead. */
	while ((was = hrtimer_try_to_cancel(timer)) < 0)
		cpu_relax();
	return was;
}

bool hrtimer_active(const struct hrtimer *timer)
{
	const struct hrtimer_cpu_base *base = READ_ONCE(timer->base);

	return !base || READ_ONCE(timer->queued) || READ_ONCE(base->running) == timer;
}

u64 hrtimer_forward(struct hrtimer *timer, ktime_t now, ktime_t interval)
{
	ktime_t late = now - timer->expires;
	u64 steps, advance;

	if (late < 0)
		return 0;
	if (interval < 1)
		interval = 1;
	steps = (u64)late / (u64)interval + 1;
	advance = min(steps * (u64)interval, (u64)KTIME_MAX);
	timer->expires = add_saturating(timer->expires, (ktime_t)advance);
	return steps;
}

ktime_t hrtimer_next_event(void)
{
	const struct hrtimer *first = first_timer(this_cpu_ptr(&hrtimer_base));

	return first ? first->expires : KTIME_MAX;
}

/* ---- the interrupt ------------------------------------------------------------------------------ */

/* A function may start its own timer again, or return HRTIMER_RESTART after moving `expires`, or both. */
static void expire(struct hrtimer_cpu_base *base, struct hrtimer *timer, ktime_t now)
{
	ktime_t due = timer->expires;
	enum hrtimer_restart restart;

	dequeue(base, timer);
	base->running = timer;
	base->nr_expired++;
	base->worst_latency = max(base->worst_latency, (u64)(now - due));
	spin_unlock(&base->lock);
	restart = timer->function(timer);
	spin_lock(&base->lock);
	base->running = NULL;
	if (restart != HRTIMER_RESTART || timer->queued)
		return;
	/* It would expire again in this very interrupt, for ever. */
	if (WARN_ON(timer->expires == due))
		return;
	enqueue(base, timer);
}

static ktime_t expire_all_due(struct hrtimer_cpu_base *base)
{
	struct hrtimer *timer = first_timer(base);
	ktime_t now = ktime_get();

	if (!timer || timer->expires > now)
		base->nr_empty++;
	for (; timer && timer->expires <= now; timer = first_timer(base))
		expire(base, timer, now);
	return now;
}

/* The device waited for a time that did not come: each time it interrupts, the clock says the same. */
static bool clock_stands_still(struct hrtimer_cpu_base *base, ktime_t now)
{
	base->still = now == base->last_now ? base->still + 1 : 0;
	base->last_now = now;
	return base->still >= STILL_MAX;
}

/* What comes due while the others' functions run is left to the device, which then interrupts at once. */
void hrtimer_interrupt(void)
{
	struct hrtimer_cpu_base *base = this_cpu_ptr(&hrtimer_base);
	ktime_t now;
	bool stopped;

	spin_lock(&base->lock);
	base->nr_interrupts++;
	base->in_interrupt = true;
	now = expire_all_due(base);
	stopped = clock_stands_still(base, now);
	base->in_interrupt = false;
	program(base, hrtimer_next_event());
	spin_unlock(&base->lock);
	if (stopped)
		clocksource_mark_unstable(current_clocksource(), "it has stopped");
}

void hrtimer_init_cpu(void)
{
	struct hrtimer_cpu_base *base = this_cpu_ptr(&hrtimer_base);
	unsigned long flags = local_irq_save();

	spin_lock(&base->lock);
	base->cpu = smp_processor_id();
	program(base, hrtimer_next_event());
	spin_unlock(&base->lock);
	local_irq_restore(flags);
}
