/*
 * The PIT in its two roles: channel 2 as the clock source of a machine that has no better, channel 0 as the
 * interrupt of a machine whose CPU has no timer of its own. Intel 8254 data sheet.
 */
#define pr_fmt(fmt) "pit: " fmt

#include <arch/insn.h>
#include <arch/pit.h>
#include <drivers/clock/clock.h>
#include <kernel/irq.h>
#include <kernel/time/clockevents.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/hrtimer.h>
#include <lib/printk.h>

#define PIT_IRQ	  0
#define MIN_TICKS 5
#define MAX_TICKS 65535

/* ---- channel 2 ------------------------------------------------------------------------------------ */

/* 16 bits, 55 ms. Whoever comes while another reads (an NMI, another CPU) gets what was read last. */
static u64 pit_read(struct clocksource *cs __maybe_unused)
{
	static u16 last;
	struct pit_look look;

	if (pit_look(&look))
		WRITE_ONCE(last, look.count);
	return READ_ONCE(last);
}

static struct clocksource pit = {
	.name = "pit",
	.rating = 100,
	.flags = CLOCK_SOURCE_IS_CONTINUOUS,
	.read = pit_read,
	.mask = 0xffff,
};

/* arch/tsc.c has started it; it runs as long as the machine does. */
void pit_register(void)
{
	struct pit_look look;

	if (pit_present() && pit_look(&look))
		clocksource_register_hz(&pit, PIT_HZ);
}

/* ---- channel 0 ------------------------------------------------------------------------------------ */

static void pit_set_next_event(struct clock_event_device *dev __maybe_unused, u64 delta_ns)
{
	u64 ticks = delta_ns * PIT_HZ / (u64)NSEC_PER_SEC + 1;

	outb(PIT_COMMAND, PIT_CH0_MODE0);
	outb(PIT_CHANNEL0, ticks & 0xff);
	outb(PIT_CHANNEL0, ticks >> 8 & 0xff);
}

/* Mode 0 waits for a count that never comes. */
static void pit_shutdown(struct clock_event_device *dev __maybe_unused)
{
	outb(PIT_COMMAND, PIT_CH0_MODE0);
}

static struct clock_event_device pit_event = {
	.name = "pit",
	.rating = 50,
	.set_next_event = pit_set_next_event,
	.shutdown = pit_shutdown,
	.min_ns = MIN_TICKS * (u64)NSEC_PER_SEC / PIT_HZ + 1,
	.max_ns = (MAX_TICKS - 1) * (u64)NSEC_PER_SEC / PIT_HZ,
};

static void pit_interrupt(u32 irq __maybe_unused, void *dev __maybe_unused)
{
	hrtimer_interrupt();
}

void pit_event_init(void)
{
	int err;

	if (!pit_can_interrupt()) {
		pr_warn("no timer interrupt on this machine: timers never expire\n");
		return;
	}
	err = request_irq(PIT_IRQ, pit_interrupt, "timer", &pit_event);
	if (err)
		pr_warn("line %d cannot be had (%d): timers never expire\n", PIT_IRQ, err);
	else
		clockevents_register(&pit_event);
}
