/*
 * Clock sources: which counter the kernel's time is made of.
 *
 * A machine has several counters, each bad in its own way: the TSC is read in a few cycles, but its
 * frequency has to be found out, and on some machines it stops or differs between CPUs; the HPET and the ACPI PM timer are
 * right but slow to read; the PIT is all that a very old machine has. Each driver registers what it found
 * with a rating. The list is kept best first, and the first that is sound is the clock.
 *
 * Sound means: it has a frequency, it moves, it does not go backwards when it is read a few times in a row
 * (probe()), and, for a source that must be verified, it keeps pace with another one that is known to be
 * right (clocksource_watchdog.c). A source that fails is not forgotten but kept with the reason, for `clock`.
 *
 * Linux: kernel/time/clocksource.c.
 */
#define pr_fmt(fmt) "clocksource: " fmt

#include <arch/insn.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/timekeeping.h>
#include <lib/errno.h>
#include <lib/param.h>
#include <lib/printk.h>
#include <lib/spinlock.h>
#include <lib/string.h>

#define PROBE_READS 4
#define PROBE_CYCLES \
	1000000 /* TSC cycles in which a counter has to move: half a millisecond; a PIT tick is 838 ns */
#define PROBE_LOOKS	   100000
#define REFERENCE_WRAP_MIN (4 * NSEC_PER_SEC) /* checks are two seconds apart */

/* Protects the list, the flags and the choice. Taken before timekeeping's lock. */
static DEFINE_SPINLOCK(clocksource_lock);
LIST_HEAD(clocksources);
static struct clocksource *current;
static bool chosen; /* timekeeping runs on `current` */

static char wanted[16];
PARAM("clocksource", PARAM_STRING(wanted), "the clock to use: kvmclock, tsc, hpet, acpi_pm or pit");

struct clocksource *current_clocksource(void)
{
	return READ_ONCE(current);
}

/* ---- the frequency ------------------------------------------------------------------------------ */

/* The largest shift for which mult fits: the most precise pair. */
static int set_hz(struct clocksource *cs, u64 hz)
{
	u64 mult;
	u32 shift = 32;

	if (!hz)
		return -EINVAL;
	while ((mult = (((u64)NSEC_PER_SEC << shift) + hz / 2) / hz) >> 32)
		shift--;
	if (!mult)
		return -EINVAL;
	cs->hz = hz;
	cs->mult = (u32)mult;
	cs->shift = shift;
	cs->max_cycles = min(cs->mask, ~0ULL / mult);
	return 0;
}

u64 clocksource_wrap_ns(const struct clocksource *cs)
{
	unsigned __int128 ns = (unsigned __int128)cs->mask * cs->mult >> cs->shift;

	return ns > (u64)KTIME_MAX ? (u64)KTIME_MAX : (u64)ns;
}

/* ---- is it sound? ------------------------------------------------------------------------------- */

static bool went_backwards(const struct clocksource *cs, u64 from, u64 to)
{
	return ((to - from) & cs->mask) > cs->mask >> 1;
}

/* NULL, or what is wrong with it. Waits for a tick of it, bounded: the slowest takes a microsecond. */
static const char *probe(struct clocksource *cs)
{
	u64 start = rdtsc(), first = cs->read(cs), last = first, now;

	for (u32 looks = 1; looks < PROBE_READS || last == first; looks++) {
		now = cs->read(cs);
		if (went_backwards(cs, last, now))
			return "it goes backwards";
		last = now;
		if (last == first && looks >= PROBE_READS &&
		    (rdtsc() - start > PROBE_CYCLES || looks > PROBE_LOOKS))
			return "it does not count";
	}
	return NULL;
}

static const char *whats_wrong(struct clocksource *cs, u64 hz)
{
	if (!cs->read || !cs->mask || (cs->mask & (cs->mask + 1)))
		return "its description is wrong";
	if (set_hz(cs, hz))
		return "it has no possible frequency";
	return probe(cs);
}

/* ---- choosing ----------------------------------------------------------------------------------- */

static bool sound(const struct clocksource *cs)
{
	return !(cs->flags & CLOCK_SOURCE_UNSTABLE);
}

static struct clocksource *best(void)
{
	struct clocksource *cs, *found = NULL;

	list_for_each_entry (cs, &clocksources, link) {
		if (!sound(cs))
			continue;
		if (!strcmp(cs->name, wanted))
			return cs;
		if (!found)
			found = cs;
	}
	return found;
}

/*
 * With the lock held. A source that went bad stays if there is no other: a bad clock is better than none. true: the
 * clock is another one now, and the caller, without the lock, has to tell the watchdog.
 */
static bool choose(void)
{
	struct clocksource *cs = best();

	if (!cs || cs == current)
		return false;
	WRITE_ONCE(current, cs);
	if (!chosen)
		return false;
	timekeeping_switch(cs);
	pr_info("switched to %s\n", cs->name);
	return true;
}

struct clocksource *clocksource_choose_first(void)
{
	unsigned long flags;

	spin_lock_irqsave(&clocksource_lock, flags);
	choose();
	chosen = current != NULL;
	if (chosen)
		timekeeping_switch(current);
	spin_unlock_irqrestore(&clocksource_lock, flags);
	if (chosen)
		clocksource_watch();
	if (chosen && wanted[0] && strcmp(current->name, wanted))
		pr_warn("clocksource=%s: not here, or not sound; using %s\n", wanted,
			current->name);
	return current;
}

static void insert(struct clocksource *cs)
{
	struct clocksource *other;

	list_for_each_entry (other, &clocksources, link)
		if (other->rating < cs->rating)
			break;
	list_add_tail(&cs->link, &other->link);
}

int clocksource_register_hz(struct clocksource *cs, u64 hz)
{
	const char *why = whats_wrong(cs, hz);
	unsigned long flags;
	bool changed;

	cs->why_not = why;
	if (why)
		cs->flags |= CLOCK_SOURCE_UNSTABLE;
	spin_lock_irqsave(&clocksource_lock, flags);
	insert(cs);
	changed = choose();
	spin_unlock_irqrestore(&clocksource_lock, flags);
	if (changed)
		clocksource_watch();
	if (why)
		pr_warn("%s is not used: %s\n", cs->name, why);
	return why ? -EINVAL : 0;
}

int clocksource_unregister(struct clocksource *cs)
{
	unsigned long flags;
	bool changed;
	int err = 0;

	spin_lock_irqsave(&clocksource_lock, flags);
	list_del_init(&cs->link);
	changed = cs == current && choose();
	if (cs == current) {
		insert(cs);
		err = -EBUSY;
	}
	spin_unlock_irqrestore(&clocksource_lock, flags);
	if (changed)
		clocksource_watch();
	return err;
}

void clocksource_update_hz(struct clocksource *cs, u64 hz)
{
	unsigned long flags;

	spin_lock_irqsave(&clocksource_lock, flags);
	cs->checking = false;
	if (!set_hz(cs, hz) && chosen && cs == current)
		timekeeping_switch(cs);
	spin_unlock_irqrestore(&clocksource_lock, flags);
}

void clocksource_mark_unstable(struct clocksource *cs, const char *why)
{
	bool was_sound, changed = false;
	unsigned long flags;

	spin_lock_irqsave(&clocksource_lock, flags);
	was_sound = sound(cs);
	if (was_sound) {
		cs->flags |= CLOCK_SOURCE_UNSTABLE;
		cs->why_not = why;
		changed = choose();
	}
	spin_unlock_irqrestore(&clocksource_lock, flags);
	if (changed)
		clocksource_watch();
	if (was_sound)
		pr_warn("%s is not used any more: %s%s\n", cs->name, why,
			cs == current ? "; there is no other, so it stays" : "");
}

struct clocksource *clocksource_reference(const struct clocksource *cs)
{
	struct clocksource *other, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&clocksource_lock, flags);
	list_for_each_entry (other, &clocksources, link) {
		if (!found && other != cs && sound(other) &&
		    !(other->flags & CLOCK_SOURCE_MUST_VERIFY) &&
		    clocksource_wrap_ns(other) > REFERENCE_WRAP_MIN)
			found = other;
	}
	spin_unlock_irqrestore(&clocksource_lock, flags);
	return found;
}
