/*
 * A crowd: some of the CPUs, this one among them, that do something at the same time.
 *
 * Everything is bounded by operations, not by time. An emulator may run a hundred CPUs on two, and then a CPU that
 * spins for another costs a time slice: so what makes CPUs wait for each other uses a crowd of at most CROWD,
 * spread over all numbers; the rest sleep.
 */
#ifndef TESTS_CROWD_H
#define TESTS_CROWD_H

#include <arch/insn.h>
#include <arch/irqflags.h>
#include <kernel/ktest.h>
#include <kernel/smp.h>

#define CROWD 16u

static struct cpumask crowd; /* this CPU and some others */
static u32 nr_crowd;

/* For a suite's init. */
static inline int gather(void)
{
	u32 cpu, online = num_online_cpus(), step = max(online / CROWD, 1u), seen = 0;

	if (online < 2)
		ktest_skip("one CPU");
	crowd = (struct cpumask){0};
	for_each_online_cpu(cpu)
	{
		if (seen++ % step == 0 && cpumask_weight(&crowd) < CROWD)
			cpumask_set_cpu(cpu, &crowd);
	}
	nr_crowd = cpumask_weight(&crowd);
	return 0;
}

/* Each one's part of so many rounds in all; fewer where scale= says so. */
static inline u32 share(u32 rounds)
{
	return (u32)ktest_scaled(DIV_ROUND_UP(rounds, nr_crowd));
}

static inline void nothing(void *info __maybe_unused)
{
}

static u32 arrived;

/* Nobody starts before all are there: that they do it at once is the point. */
static inline void start_together(void *info)
{
	smp_call_func_t *func = info;

	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	while (READ_ONCE(arrived) < nr_crowd)
		cpu_relax();
	(*func)(NULL);
}

static inline void on_the_crowd(smp_call_func_t func)
{
	unsigned long flags;

	arrived = 0;
	smp_call_function_many(&crowd, start_together, &func, false);
	flags = local_irq_save();
	start_together(&func);
	local_irq_restore(flags);
	smp_call_function(nothing, NULL, true);
}

/* Waiting for a lock is spinning: with more CPUs than the emulator has, a turn may cost a time slice. */
static inline void a_few(void)
{
	u32 cpu, n = 0;

	for_each_cpu(cpu, &crowd) if (++n > 4) cpumask_clear_cpu(cpu, &crowd);
	nr_crowd = cpumask_weight(&crowd);
}

#endif
