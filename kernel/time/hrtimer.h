/*
 * High-resolution timers: a red-black tree per CPU, the first of which is what
 * the CPU's clock event device is programmed to. Nothing ticks. Linux: kernel/time/hrtimer.c.
 */
#ifndef KERNEL_TIME_HRTIMER_H
#define KERNEL_TIME_HRTIMER_H

#include <kernel/time/timekeeping.h>
#include <lib/rbtree.h>
#include <lib/spinlock.h>

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
enum hrtimer_mode { HRTIMER_MODE_ABS, HRTIMER_MODE_REL };

/* The timers of one CPU. */
struct hrtimer_cpu_base {
	spinlock_t
		lock; /* the rest, and `queued`, `expires` of the timers on it. Innermost but for the log's */
	u32 cpu;
	struct rb_root_cached tree; /* by expires, equal ones first come first served */
	struct hrtimer *running;    /* whose function is being called; it is not in the tree */
	ktime_t programmed;	    /* what the device interrupts for; KTIME_MAX: nothing */
	bool in_interrupt; /* hrtimer_interrupt() will program the device when it is done */

	u64 nr_interrupts, nr_expired, nr_empty; /* empty: nothing was due, after a cancellation */
	ktime_t last_now;
	u32 still; /* interrupts in a row between which the clock stood still */
	u64 worst_latency;
};

struct hrtimer {
	struct rb_node node;
	ktime_t expires; /* monotonic */
	/* Runs in the timer interrupt of the CPU that started it, interrupts off, no lock held. */
	enum hrtimer_restart (*function)(struct hrtimer *timer);
	struct hrtimer_cpu_base *base; /* of the CPU that it is on, or was last */
	u8 queued;
};

void hrtimer_init(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *));
/* (Re)start on this CPU. A time in the past fires at once (from the interrupt). Any context but NMI. */
void hrtimer_start(struct hrtimer *timer, ktime_t time, enum hrtimer_mode mode);
/* 1 it was queued and will not run; 0 it was not queued; -1 its function is running on another CPU. */
int hrtimer_try_to_cancel(struct hrtimer *timer);
/* The same, waiting for a running function (spins until threads exist). Not from that function. */
int hrtimer_cancel(struct hrtimer *timer);
bool hrtimer_active(const struct hrtimer *timer);
/* Move the expiry forward in steps of interval until it is after now; how many steps. For periodic timers, in the function. */
u64 hrtimer_forward(struct hrtimer *timer, ktime_t now, ktime_t interval);
/* When this CPU's next timer expires; KTIME_MAX: none. Interrupts off. */
ktime_t hrtimer_next_event(void);

/* Per CPU, by that CPU: after its clock event device is registered. Timers queued before start to count. */
void hrtimer_init_cpu(void);
/* The base of a CPU, for `timers` and the tests. */
struct hrtimer_cpu_base *hrtimer_base_of(u32 cpu);
/* From the clock event device's interrupt. */
void hrtimer_interrupt(void);

#endif
