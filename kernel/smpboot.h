/* Starting the other CPUs. */
#ifndef KERNEL_SMPBOOT_H
#define KERNEL_SMPBOOT_H

#include <lib/types.h>

/* Keep the per-CPU template as it is before anyone changes it: the other CPUs' copies start from that. First thing of all. */
void percpu_save_template(void);
/*
 * Give every CPU in cpu_present_mask its per-CPU area, wake them all by INIT and start-up IPIs, and wait,
 * bounded, until each is online. Those that do not come are named with the last stage they reached. Boot; interrupts may be on.
 */
void smp_boot_cpus(void);
/*
 * What a CPU does on its way up, besides what this file does: called on that CPU, interrupts off, in order
 * of registration. A subsystem with per-CPU state that is not all zero registers here.
 */
void smp_register_cpu_init(void (*init)(void));

#endif
