/*
 * Clock event devices: each CPU uses the best of those that were offered to it (TSC deadline, the local
 * APIC's count-down, HPET or PIT), one-shot. Linux: kernel/time/clockevents.c.
 *
 * A device that cannot wait as long as it is asked to is set to the longest it can: the interrupt comes early, finds
 * nothing due, and programs the rest. So a timer an hour ahead is right on a PIT, whose longest is 55 ms.
 */
#define pr_fmt(fmt) "clockevents: " fmt

#include <arch/irqflags.h>
#include <arch/percpu.h>
#include <kernel/time/clockevents.h>
#include <kernel/time/hrtimer.h>
#include <lib/errno.h>
#include <lib/printk.h>

static DEFINE_PER_CPU(struct clock_event_device *, clock_event);

struct clock_event_device *this_cpu_clock_event(void)
{
	return this_cpu_read(clock_event);
}

struct clock_event_device *clock_event_of(u32 cpu)
{
	return per_cpu(clock_event, cpu);
}

int clockevents_register(struct clock_event_device *dev)
{
	struct clock_event_device *old = this_cpu_read(clock_event);
	unsigned long flags;

	if (!dev->set_next_event || !dev->max_ns || dev->min_ns > dev->max_ns) {
		pr_warn("%s is not used: its description is wrong\n", dev->name);
		return -EINVAL;
	}
	if (old && old->rating >= dev->rating)
		return 0;
	flags = local_irq_save();
	this_cpu_write(clock_event, dev);
	if (old && old->shutdown)
		old->shutdown(old);
	local_irq_restore(flags);
	hrtimer_init_cpu(); /* the new one must know what is next */
	return 0;
}

void clockevents_program(ktime_t expires)
{
	struct clock_event_device *dev = this_cpu_read(clock_event);
	ktime_t delta;

	if (unlikely(!dev))
		return;
	if (expires == KTIME_MAX) {
		if (dev->shutdown)
			dev->shutdown(dev);
		return;
	}
	delta = expires - ktime_get();
	if (delta < (ktime_t)dev->min_ns)
		delta = (ktime_t)dev->min_ns;
	if (delta > (ktime_t)dev->max_ns)
		delta = (ktime_t)dev->max_ns;
	dev->set_next_event(dev, (u64)delta);
}
