/*
 * Sets of CPUs, one bit a logical CPU number. Fixed storage for NR_CPUS; every
 * walk stops at nr_cpu_ids, what this machine has. Names and meanings are Linux's.
 */
#ifndef LIB_CPUMASK_H
#define LIB_CPUMASK_H

#include <lib/bitops.h>
#include <lib/types.h>

#define NR_CPUS	      1024
#define CPUMASK_WORDS (NR_CPUS / 64)

struct cpumask {
	unsigned long bits[CPUMASK_WORDS];
};

/* One more than the highest CPU number that can ever be online; 1 until the firmware's tables are read. */
extern u32 nr_cpu_ids;
/* CPUs that the machine may have; that are there; that run. */
extern struct cpumask cpu_possible_mask, cpu_present_mask, cpu_online_mask;

/*
 * Run func(info), with interrupts off, on every online CPU of the mask, this one included if it is
 * in it, and wait until all have: for the floors that cannot see kernel/smp.c, which hands it down
 * here. Before that there is one CPU and it is a call. Not from NMI, and not under a lock that
 * another CPU may wait for with interrupts off.
 */
extern void (*run_on_cpus)(const struct cpumask *mask, void (*func)(void *info), void *info);

static inline void cpumask_set_cpu(u32 cpu, struct cpumask *mask)
{
	__atomic_fetch_or(&mask->bits[cpu / 64], BIT(cpu % 64), __ATOMIC_SEQ_CST);
}

static inline void cpumask_clear_cpu(u32 cpu, struct cpumask *mask)
{
	__atomic_fetch_and(&mask->bits[cpu / 64], ~BIT(cpu % 64), __ATOMIC_SEQ_CST);
}

static inline bool cpumask_test_cpu(u32 cpu, const struct cpumask *mask)
{
	return cpu < NR_CPUS && (READ_ONCE(mask->bits[cpu / 64]) & BIT(cpu % 64));
}

static inline bool cpu_online(u32 cpu)
{
	return cpumask_test_cpu(cpu, &cpu_online_mask);
}

/* First CPU in the mask from `cpu` on; >= nr_cpu_ids: none. */
static inline u32 cpumask_from(u32 cpu, const struct cpumask *mask)
{
	while (cpu < nr_cpu_ids) {
		unsigned long word = READ_ONCE(mask->bits[cpu / 64]) & (~0UL << cpu % 64);

		if (word)
			return ALIGN_DOWN(cpu, 64) + (u32)__ffs(word);
		cpu = ALIGN_DOWN(cpu, 64) + 64;
	}
	return NR_CPUS;
}

#define for_each_cpu(cpu, mask)                                   \
	for ((cpu) = cpumask_from(0, (mask)); (cpu) < nr_cpu_ids; \
	     (cpu) = cpumask_from((cpu) + 1, (mask)))
#define for_each_online_cpu(cpu)   for_each_cpu(cpu, &cpu_online_mask)
#define for_each_possible_cpu(cpu) for_each_cpu(cpu, &cpu_possible_mask)

static inline u32 cpumask_weight(const struct cpumask *mask)
{
	u32 sum = 0;

	for (u32 i = 0; i < CPUMASK_WORDS; i++)
		sum += hweight64(mask->bits[i]);
	return sum;
}

static inline u32 num_online_cpus(void)
{
	return cpumask_weight(&cpu_online_mask);
}

#endif
