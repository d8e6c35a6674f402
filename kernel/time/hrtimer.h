/*
 * High-resolution timers: a red-black tree per CPU, the first of which is what
 * the CPU's clock event device is programmed to. Nothing ticks. Linux: kernel/time/hrtimer.c.
 */
#ifndef KERNEL_TIME_HRTIMER_H
#define KERNEL_TIME_HRTIMER_H

#include <kernel/time/timekeeping.h>
#include <lib/rbtree.h>

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
enum hrtimer_mode { HRTIMER_MODE_ABS, HRTIMER_MODE_REL };

struct hrtimer_cpu_base;

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

/* Per CPU, by that CPU: after its clock event device is registered. */
void hrtimer_init_cpu(void);
/* From the clock event device's interrupt. */
void hrtimer_interrupt(void);

#endif
