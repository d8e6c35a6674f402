/*
 * Ways to stop or restart the machine. Drivers register methods; the highest
 * rank that works wins. A method that did not work returns, and the next is tried.
 */
#ifndef KERNEL_POWER_H
#define KERNEL_POWER_H

#include <lib/types.h>

enum power_action { POWER_OFF, POWER_REBOOT };

struct power_method {
	const char *name;
	enum power_action action;
	int rank; /* higher is tried first */
	/* Any context, interrupts off. Returns only if the machine is still there. */
	void (*run)(void);
	struct power_method *next;
};

/* From here on a panic ends as panic= says. Boot, as early as the boot parameters are known. */
void power_init(void);

/*
 * What must not outlive this kernel, such as a hypervisor's writing to its memory: called before a restart is tried, on
 * the CPU that restarts, interrupts off. Any context, panic included.
 */
struct restart_hook {
	void (*run)(void);
	struct restart_hook *next;
};
/* Boot, one CPU. */
void register_restart_hook(struct restart_hook *hook);

/* Boot, one CPU. Of equal rank the one registered first is tried first. */
void register_power_method(struct power_method *method);
void unregister_power_method(struct power_method *method);

/* Try every method of the action, then say so and halt. Any context. */
void machine_power_off(void) __noreturn;
void machine_restart(void) __noreturn;
/* Halt this CPU for good, interrupts off. */
void machine_halt(void) __noreturn;

/*
 * Leave an emulator with a verdict that scripts can read: isa-debug-exit at
 * port 0xf4 (QEMU's status becomes value << 1 | 1), else power off. The values are fixed points.
 */
#define EXIT_TEST_PASSED 0x10
#define EXIT_TEST_FAILED 0x11
#define EXIT_PANIC	 0x12
void machine_exit(u8 value) __noreturn;

#endif
