/* The masks themselves. The boot CPU is 0, and there is no machine without it. */
#include <lib/cpumask.h>

u32 nr_cpu_ids = 1;
struct cpumask cpu_possible_mask = {{1}};
struct cpumask cpu_present_mask = {{1}};
struct cpumask cpu_online_mask = {{1}};
