/*
 * Per-CPU data through GS. A per-CPU variable is an ordinary symbol in the
 * section .data..percpu; GS.base holds the distance from that template to this
 * CPU's copy, so `%gs:symbol` is this CPU's variable in one instruction. The
 * boot CPU uses the template itself: its GS.base is 0 and the scheme works from
 * the first C instruction.
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include <lib/types.h>

#define DEFINE_PER_CPU(type, name)  __section(".data..percpu") __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern __section(".data..percpu") __typeof__(type) name

/* Scalars of 1, 2, 4 or 8 bytes. %c prints the bare symbol; the assembler adds the GS prefix. */
#define this_cpu_read(var)                                                     \
	({                                                                     \
		__typeof__(var) _v;                                            \
		__asm__ __volatile__("mov %%gs:%1, %0" : "=r"(_v) : "m"(var)); \
		_v;                                                            \
	})
#define this_cpu_write(var, val)                                               \
	do {                                                                   \
		__typeof__(var) _v = (val);                                    \
		__asm__ __volatile__("mov %1, %%gs:%0" : "+m"(var) : "r"(_v)); \
	} while (0)
#define this_cpu_add(var, val)                                                        \
	do {                                                                          \
		__typeof__(var) _v = (val);                                           \
		__asm__ __volatile__("add %1, %%gs:%0" : "+m"(var) : "r"(_v) : "cc"); \
	} while (0)
#define this_cpu_inc(var) this_cpu_add(var, 1)
#define this_cpu_dec(var) this_cpu_add(var, -1)

/*
 * What lies between the template and each CPU's copy; 0 for the boot CPU, which uses the template, and for
 * CPUs that have none yet. per_cpu_ptr() of a CPU that was never started gives the template.
 */
extern unsigned long __per_cpu_offset[];
#define per_cpu_ptr(ptr, cpu) ((__typeof__(ptr))((char *)(ptr) + __per_cpu_offset[cpu]))
#define per_cpu(var, cpu)     (*per_cpu_ptr(&(var), cpu))

DECLARE_PER_CPU(u32, cpu_number);
DECLARE_PER_CPU(unsigned long, this_cpu_off); /* what GS.base holds */

/* Address of this CPU's copy of &var: valid while the caller cannot be moved to another CPU. */
#define this_cpu_ptr(ptr) ((__typeof__(ptr))((char *)(ptr) + this_cpu_read(this_cpu_off)))

/* The logical id of the CPU that runs this: dense, the boot CPU is 0. One instruction. */
#define smp_processor_id() this_cpu_read(cpu_number)

#endif
