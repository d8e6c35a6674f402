/*
 * Stopping and restarting the machine, and what a panic does at its end.
 *
 * Drivers register ways to do it; here they are tried from the highest rank
 * down. A way that did not work returns, so each gets a moment in which the
 * machine may still stop: QEMU and real chipsets do so some time after the write.
 */
#define pr_fmt(fmt) "power: " fmt

#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/tsc.h>
#include <kernel/power.h>
#include <lib/bug.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/kstrtox.h>
#include <lib/param.h>
#include <lib/string.h>

/* isa-debug-exit, QEMU's hw/misc/debugexit.c: the process ends with status value << 1 | 1. */
#define DEBUG_EXIT_PORT 0xf4

/*
 * How long a machine may take to obey: some 40 ms at 2.5 GHz. In cycles, for there may be no
 * clock yet.
 */
#define SETTLE_CYCLES 100000000

#define PANIC_SECONDS_MAX 86400
#define TSC_KHZ_GUESS	  2500000 /* in a panic before the TSC is measured */

/* By falling rank. Written at boot by one CPU; a new element is complete before it is linked. */
static struct power_method *methods;

void register_power_method(struct power_method *method)
{
	struct power_method **link = &methods;

	while (*link && (*link)->rank >= method->rank)
		link = &(*link)->next;
	method->next = *link;
	WRITE_ONCE(*link, method);
}

void unregister_power_method(struct power_method *method)
{
	for (struct power_method **link = &methods; *link; link = &(*link)->next) {
		if (*link == method) {
			WRITE_ONCE(*link, method->next);
			return;
		}
	}
}

static struct restart_hook *restart_hooks;

void register_restart_hook(struct restart_hook *hook)
{
	hook->next = restart_hooks;
	WRITE_ONCE(restart_hooks, hook);
}

static void wait_cycles(u64 cycles)
{
	u64 start = rdtsc();

	while (rdtsc() - start < cycles)
		cpu_relax();
}

static void try_all(enum power_action action)
{
	for (struct power_method *m = methods; m; m = m->next) {
		if (m->action != action)
			continue;
		pr_debug("trying %s\n", m->name);
		m->run();
		wait_cycles(SETTLE_CYCLES);
	}
}

void machine_halt(void)
{
	/* An NMI or SMI ends a HLT. */
	for (;;) {
		local_irq_disable();
		halt();
	}
}

void machine_power_off(void)
{
	local_irq_disable();
	try_all(POWER_OFF);
	pr_emerg("It is now safe to turn off the machine\n");
	machine_halt();
}

void machine_restart(void)
{
	local_irq_disable();
	for (struct restart_hook *hook = restart_hooks; hook; hook = hook->next)
		hook->run();
	try_all(POWER_REBOOT);
	pr_emerg("nothing restarts this machine; press its reset button\n");
	machine_halt();
}

void machine_exit(u8 value)
{
	local_irq_disable();
	outb(DEBUG_EXIT_PORT, value);
	machine_power_off();
}

/* ---- panic= ---------------------------------------------------------------------------------- */

enum panic_action { PANIC_HALT, PANIC_EXIT, PANIC_REBOOT };

static enum panic_action panic_action;
static u64 panic_seconds;

static int set_panic_action(const char *value)
{
	u64 seconds;

	if (!strcmp(value, "halt")) {
		panic_action = PANIC_HALT;
		return 0;
	}
	if (!strcmp(value, "exit")) {
		panic_action = PANIC_EXIT;
		return 0;
	}
	if (kstrtou64(value, 0, &seconds) || seconds > PANIC_SECONDS_MAX)
		return -EINVAL;
	panic_action = PANIC_REBOOT;
	panic_seconds = seconds;
	return 0;
}
PARAM("panic", PARAM_CALL(set_panic_action),
      "halt, exit (the emulator, with a failing status), or seconds until a restart");

/* Interrupts are off and nothing else can be trusted: count cycles. */
static void wait_seconds(u64 seconds)
{
	tsc_refine();
	wait_cycles(seconds * 1000 * (tsc_khz ? tsc_khz : TSC_KHZ_GUESS));
}

static void __noreturn panic_finish(void)
{
	local_irq_disable();
	switch (panic_action) {
	case PANIC_EXIT:
		machine_exit(EXIT_PANIC);
	case PANIC_REBOOT:
		pr_emerg("restarting in %llu seconds\n", panic_seconds);
		wait_seconds(panic_seconds);
		machine_restart();
	case PANIC_HALT:
		break;
	}
	machine_halt();
}

void power_init(void)
{
	panic_ops.finish = panic_finish;
}

/* ---- commands -------------------------------------------------------------------------------- */

static int cmd_reboot(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	machine_restart();
}
COMMAND("reboot", "", "restart the machine", cmd_reboot);

static int cmd_poweroff(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	machine_power_off();
}
COMMAND("poweroff", "", "switch the machine off", cmd_poweroff);
