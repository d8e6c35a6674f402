/* The masks themselves. The boot CPU is 0, and there is no machine without it. */
#include <lib/cpumask.h>

u32 nr_cpu_ids = 1;
struct cpumask cpu_possible_mask = {{1}};
struct cpumask cpu_present_mask = {{1}};
struct cpumask cpu_online_mask = {{1}};

static void run_here(const struct cpumask *mask, void (*func)(void *info), void *info)
{
	if (cpumask_test_cpu(0, mask))
		func(info);
}
void (*run_on_cpus)(const struct cpumask *mask, void (*func)(void *info), void *info) = run_here;
