/*
 * What each CPU says of itself, held against the boot CPU. The kernel decides by the boot CPU's
 * features (arch/cpufeature.h) and topology (arch/topology.h) alone; a CPU that differs is
 * reported, by name.
 */
#ifndef ARCH_IDENTIFY_H
#define ARCH_IDENTIFY_H

#include <arch/cpufeature.h>
#include <arch/topology.h>

/*
 * On each CPU that has started, once, when its per-CPU data is there: keep its answers, and warn
 * when they are not the boot CPU's or when it is not the CPU that the APIC-ID map thinks.
 * Interrupts off.
 */
void cpu_identify_secondary(void);

/*
 * How the features of a CPU differ from the boot CPU's: "lacks smap umip, has avx2", or "" for a
 * CPU that does not differ, the boot CPU itself or one that has not started. At most size - 1
 * characters. Returns the length.
 */
size_t cpu_difference(u32 cpu, char *buf, size_t size);

/* ---- pure ------------------------------------------------------------------------------------ */

/*
 * Bits that tell what a kernel has switched on, and not what the CPU can do, are left out; so are
 * those of `ignore`.
 */
void feature_difference(const u32 *boot, const u32 *cpu, const u32 *ignore, u32 *lacks, u32 *has);
size_t describe_difference(const u32 *lacks, const u32 *has, char *buf, size_t size);

#endif
