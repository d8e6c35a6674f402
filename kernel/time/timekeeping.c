/*
 * What time it is: a straight line through the current clock source.
 *
 *	now = base + (cycles - cycle_last) * mult / 2^32
 *
 * Nothing adds up ticks. The product has 128 bits, so the line holds for centuries, and it is replaced only when
 * it has to be: another clock source, a better frequency, or a counter that goes round.
 *
 * Readers take no lock. `seq` says while the line is being replaced, and is another one afterwards; a reader who saw it so or changed
 * tries again. Two kinds of reader cannot: an NMI that interrupted the writer would wait for itself, and in a panic the
 * writer may have been stopped for good. For them the writer leaves `frozen`, the time at which the
 * old line and the new one meet: time stands still for them, and nobody sees it go back.
 *
 * Invariant: a new line begins at the time that the old one has reached, read after `seq` said so, and no
 * reader has seen a later time on the old line. Linux: kernel/time/timekeeping.c (which has a second copy, a
 * "latch", for NMIs).
 */
#define pr_fmt(fmt) "time: " fmt

#include <arch/insn.h>
#include <arch/percpu.h>
#include <arch/pvclock.h>
#include <arch/tsc.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/hrtimer.h>
#include <kernel/time/timekeeping.h>
#include <lib/bug.h>
#include <lib/printk.h>
#include <lib/spinlock.h>

#define NOBODY		(~0U)
#define WRAP_IRRELEVANT (3600 * NSEC_PER_SEC * 24 * 365)
#define PAUSE_MIN	NSEC_PER_MSEC /* two looks at the wall clock differ by less on their own */

/* The low bits of seq say how to read, so that one test decides. */
#define SEQ_CHANGING	BIT(0)
#define SEQ_NOT_TSC	BIT(1)
#define SEQ_NOT_PVCLOCK BIT(2)
#define SEQ_HOW		(SEQ_NOT_TSC | SEQ_NOT_PVCLOCK)
#define SEQ_STEP	8

static struct {
	u32 seq;
	u32 writer; /* the CPU that is replacing the line */
	u64 cycle_last, mask;
	u64 mult; /* ns a cycle, times 2^32 */
	u64 base; /* ns at cycle_last */
	struct clocksource *clock;
	u64 frozen; /* for readers that cannot wait; 0: the old line still stands */
} tk __aligned(64) = {.seq = SEQ_CHANGING | SEQ_HOW, .writer = NOBODY};

/* Protects tk against a second writer. */
static DEFINE_SPINLOCK(tk_lock);

/* ---- reading ------------------------------------------------------------------------------------ */

/* The line that was used is still the line. A load of its own: neither earlier than this nor left out. */
static __always_inline bool unchanged(u32 seq)
{
	barrier();
	return tk.seq == seq;
}

static __always_inline u64 line_at(u64 delta)
{
	return tk.base + (u64)((unsigned __int128)delta * tk.mult >> 32);
}

/*
 * Any clock. A counter of 64 bits that is behind cycle_last is another CPU's that is a little late: for it no time has
 * passed. One of fewer bits goes round, and is never behind.
 */
static u64 line_now(void)
{
	u64 delta = (tk.clock->read(tk.clock) - tk.cycle_last) & tk.mask;

	return line_at((s64)delta < 0 ? 0 : delta);
}

/* Every case but the two fast ones; the line is not there yet; it is being replaced: by whom? */
static __noinline u64 time_slow(void)
{
	u32 seq;
	u64 ns;

	for (;; cpu_relax()) {
		seq = READ_ONCE(tk.seq);
		if (!READ_ONCE(tk.clock))
			return tsc_to_ns(rdtsc());
		if (seq & SEQ_CHANGING) {
			if (READ_ONCE(tk.writer) != smp_processor_id() && !panic_depth)
				continue;
			ns = READ_ONCE(tk.frozen);
			return ns ? ns : line_now();
		}
		ns = line_now();
		if (unchanged(seq))
			return ns;
	}
}

/* Most machines have one of two clocks, and these are read right here. */
ktime_t ktime_get(void)
{
	u32 seq = READ_ONCE(tk.seq);
	u64 delta;
	u8 flags;

	barrier();
	if (likely(!(seq & (SEQ_CHANGING | SEQ_NOT_TSC)))) {
		delta = rdtsc_ordered() - tk.cycle_last;
		if (likely((s64)delta >= 0)) {
			delta = line_at(delta);
			if (likely(unchanged(seq)))
				return (ktime_t)delta;
		}
	} else if (likely(!(seq & (SEQ_CHANGING | SEQ_NOT_PVCLOCK)))) {
		delta = pvclock_read(this_cpu_ptr(&hv_clock), &flags) - tk.cycle_last;
		if (likely((s64)delta >= 0 && flags == pvclock_plain_flags)) {
			delta += tk.base;
			if (likely(unchanged(seq)))
				return (ktime_t)delta;
		}
	}
	return (ktime_t)time_slow();
}

/* From the TSC, without waiting for earlier loads: now and then a few nanoseconds early, and cheaper. */
u64 sched_clock(void)
{
	u32 seq = READ_ONCE(tk.seq);
	u64 delta;

	barrier();
	if (likely(!(seq & (SEQ_CHANGING | SEQ_NOT_TSC)))) {
		delta = rdtsc() - tk.cycle_last;
		if (likely((s64)delta >= 0)) {
			delta = line_at(delta);
			if (likely(unchanged(seq)))
				return delta;
		}
	}
	return (u64)ktime_get();
}

/* ---- replacing the line ------------------------------------------------------------------------- */

/* The old line at this moment, or the TSC's time since power-on if there is none, and the new counter then. */
static u64 meet(struct clocksource *cs, u64 *cycles)
{
	u64 ns, delta;

	if (cs != tk.clock) {
		ns = tk.clock ? line_now() : tsc_to_ns(rdtsc());
		*cycles = cs->read(cs);
		return ns;
	}
	/* The same counter, read once: where the old line ends the new one begins. */
	*cycles = cs->read(cs);
	delta = (*cycles - tk.cycle_last) & tk.mask;
	if ((s64)delta < 0) {
		*cycles = tk.cycle_last;
		delta = 0;
	}
	return line_at(delta);
}

static u32 how(const struct clocksource *cs)
{
	return (cs->flags & CLOCK_SOURCE_IS_TSC ? 0 : SEQ_NOT_TSC) |
	       (cs->flags & CLOCK_SOURCE_IS_PVCLOCK ? 0 : SEQ_NOT_PVCLOCK);
}

/* With tk_lock held. */
static void replace_line(struct clocksource *cs)
{
	u64 cycles, ns;

	WRITE_ONCE(tk.frozen, 0);
	WRITE_ONCE(tk.writer, smp_processor_id());
	/* A full barrier: all see it before the counter is read. */
	__atomic_store_n(&tk.seq, tk.seq | SEQ_CHANGING, __ATOMIC_SEQ_CST);
	ns = meet(cs, &cycles);
	WRITE_ONCE(tk.frozen, ns ? ns : 1);
	barrier();
	tk.base = ns;
	tk.cycle_last = cycles;
	tk.mask = cs->mask;
	tk.mult = (u64)cs->mult << (32 - cs->shift);
	WRITE_ONCE(tk.clock, cs);
	__atomic_store_n(&tk.seq, ((tk.seq & ~(u32)SEQ_HOW) - SEQ_CHANGING + SEQ_STEP) | how(cs),
			 __ATOMIC_RELEASE);
	WRITE_ONCE(tk.writer, NOBODY);
}

static struct hrtimer wrap_timer;

/*
 * A counter that goes round has to be looked at before it does, or a round is lost. Only while such a one is
 * the clock; the others never need it.
 */
static enum hrtimer_restart wrap_expired(struct hrtimer *timer)
{
	unsigned long flags;
	u64 wrap;

	spin_lock_irqsave(&tk_lock, flags);
	replace_line(tk.clock);
	wrap = clocksource_wrap_ns(tk.clock);
	spin_unlock_irqrestore(&tk_lock, flags);
	if (wrap > WRAP_IRRELEVANT)
		return HRTIMER_NORESTART;
	hrtimer_forward(timer, ktime_get(), (ktime_t)(wrap / 2));
	return HRTIMER_RESTART;
}

void timekeeping_switch(struct clocksource *cs)
{
	u64 wrap = clocksource_wrap_ns(cs);
	unsigned long flags;

	spin_lock_irqsave(&tk_lock, flags);
	replace_line(cs);
	spin_unlock_irqrestore(&tk_lock, flags);
	if (wrap > WRAP_IRRELEVANT)
		return;
	if (!wrap_timer.function)
		hrtimer_init(&wrap_timer, wrap_expired);
	hrtimer_start(&wrap_timer, (ktime_t)(wrap / 2), HRTIMER_MODE_REL);
}

/* ---- the time of day ---------------------------------------------------------------------------- */

/*
 * Monotonic time plus an offset. The offset is asked for when somebody first wants to know, because an RTC takes
 * its time to answer; and again when a hypervisor has stopped us for a while, in which monotonic time stood
 * still and the world did not. By how much it grew then is how long the pause was.
 */
static struct {
	const struct persistent_clock *source;
	ktime_t real, boot; /* what to add to monotonic time */
	bool known, stale;
	spinlock_t lock; /* one looks it up, the others wait */
} offset = {.stale = true, .lock = SPIN_LOCK_INIT};

static void look_up_offset(void)
{
	ktime_t real, pause;
	unsigned long flags;

	spin_lock_irqsave(&offset.lock, flags);
	if (__atomic_exchange_n(&offset.stale, false, __ATOMIC_ACQUIRE) && offset.source) {
		real = offset.source->read();
		if (real >= 0) {
			real -= ktime_get();
			pause = real - offset.real;
			if (offset.known && pause > PAUSE_MIN)
				WRITE_ONCE(offset.boot, offset.boot + pause);
			WRITE_ONCE(offset.real, real);
			offset.known = true;
		}
	}
	spin_unlock_irqrestore(&offset.lock, flags);
}

ktime_t ktime_get_real(void)
{
	ktime_t now = ktime_get(); /* this is what notices a pause */

	if (unlikely(READ_ONCE(offset.stale))) {
		look_up_offset();
		now = ktime_get();
	}
	return now + READ_ONCE(offset.real);
}

ktime_t timekeeping_paused(void)
{
	ktime_get_real();
	return READ_ONCE(offset.boot);
}

ktime_t ktime_get_boottime(void)
{
	ktime_t paused = timekeeping_paused();

	return ktime_get() + paused;
}

void timekeeping_note_pause(void)
{
	WRITE_ONCE(offset.stale, true);
}

void timekeeping_set_persistent_clock(const struct persistent_clock *clock)
{
	offset.source = clock;
	timekeeping_note_pause();
}

const struct persistent_clock *timekeeping_persistent_clock(void)
{
	return offset.source;
}

/* ---- stamps of the log ---------------------------------------------------------------------------- */

/*
 * A record is stamped with the TSC as long as there is nothing else, and from then on with the time, which has the top
 * bit set to tell them apart. Others (the slab debugger) have raw TSC values converted at any time.
 */
#define STAMP_IS_NS BIT_ULL(63)

static u64 started_tsc, started_ns;

static u64 stamp_now(void)
{
	return (u64)ktime_get() | STAMP_IS_NS;
}

/* The frequency of the TSC gets better with time; what was before the start stays before it. */
static u64 stamp_to_ns(u64 stamp)
{
	u64 ns;

	if (stamp & STAMP_IS_NS)
		return stamp & ~STAMP_IS_NS;
	ns = tsc_to_ns(stamp);
	if (stamp <= started_tsc)
		return min(ns, started_ns);
	return started_ns + ns - tsc_to_ns(started_tsc);
}

void timekeeping_init(void)
{
	const struct clocksource *cs = clocksource_choose_first();

	if (!cs) {
		pr_warn("no clock at all: time is the TSC's, at %u kHz (%s)\n", tsc_khz,
			tsc_source);
		return;
	}
	started_ns = (u64)ktime_get();
	started_tsc = rdtsc();
	printk_cycles_to_ns = stamp_to_ns;
	printk_clock = stamp_now;
	pr_info("%s is the clock (rating %d); TSC %u.%03u MHz (%s)\n", cs->name, cs->rating,
		tsc_khz / 1000, tsc_khz % 1000, tsc_source);
}
