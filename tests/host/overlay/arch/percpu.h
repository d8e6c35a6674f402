/* Per-CPU data on the host: there is one CPU, so a variable is a variable. Replaces arch/percpu.h. */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include <lib/types.h>

#define DEFINE_PER_CPU(type, name)  __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name

#define this_cpu_read(var)	 (var)
#define this_cpu_write(var, val) ((var) = (val))
#define this_cpu_add(var, val)	 ((var) += (val))
#define this_cpu_inc(var)	 this_cpu_add(var, 1)
#define this_cpu_dec(var)	 this_cpu_add(var, -1)

#define per_cpu_ptr(ptr, cpu) ((void)(cpu), (ptr))
#define per_cpu(var, cpu)     (*per_cpu_ptr(&(var), cpu))
#define this_cpu_ptr(ptr)     (ptr)

#define smp_processor_id() 0u

#endif
