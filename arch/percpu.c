/* The first two per-CPU variables: which CPU this is, and where its copies of the others lie. */
#include <arch/percpu.h>
#include <lib/cpumask.h>

DEFINE_PER_CPU(u32, cpu_number);
DEFINE_PER_CPU(unsigned long, this_cpu_off);

unsigned long __per_cpu_offset[NR_CPUS];
