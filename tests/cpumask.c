/*
 * CPU masks. Contract (lib/cpumask.h): a mask is a set; walks see each member below nr_cpu_ids
 * once, ascending.
 */
#include <kernel/ktest.h>
#include <lib/cpumask.h>
#include <lib/string.h>

static struct cpumask mask;
static bool model[NR_CPUS];

static int setup(void)
{
	memset(&mask, 0, sizeof(mask));
	memset(model, 0, sizeof(model));
	return 0;
}
TEST_SUITE(cpumask, setup, NULL);

TEST(cpumask, is_a_set)
{
	for (u32 i = 0; i < 3000; i++) {
		u32 cpu = (u32)ktest_rand_below(NR_CPUS);

		model[cpu] = ktest_rand_below(3);
		if (model[cpu])
			cpumask_set_cpu(cpu, &mask);
		else
			cpumask_clear_cpu(cpu, &mask);
	}

	u32 weight = 0;

	for (u32 cpu = 0; cpu < NR_CPUS; cpu++) {
		ASSERT_EQ(cpumask_test_cpu(cpu, &mask), model[cpu]);
		weight += model[cpu];
	}
	EXPECT_EQ(cpumask_weight(&mask), weight);
	EXPECT_FALSE(cpumask_test_cpu(NR_CPUS, &mask));
	EXPECT_FALSE(cpumask_test_cpu(~0u, &mask));
}

TEST(cpumask, a_walk_sees_each_once_and_stops_at_nr_cpu_ids)
{
	u32 cpu, seen = 0, expected = 0;

	for (u32 i = 0; i < NR_CPUS; i += 1 + (u32)ktest_rand_below(3)) {
		cpumask_set_cpu(i, &mask);
		model[i] = true;
		expected += i < nr_cpu_ids;
	}
	for_each_cpu(cpu, &mask)
	{
		ASSERT_TRUE(model[cpu]);
		ASSERT_LT(cpu, nr_cpu_ids);
		model[cpu] = false;
		seen++;
	}
	EXPECT_EQ(seen, expected);
}

TEST(cpumask, an_empty_mask_has_no_member)
{
	u32 cpu, seen = 0;

	for_each_cpu(cpu, &mask) seen++;
	EXPECT_EQ(seen, 0);
	EXPECT_GE(cpumask_from(0, &mask), nr_cpu_ids);
}

TEST(cpumask, this_machine)
{
	for (u32 cpu = 0; cpu < NR_CPUS; cpu++) {
		if (cpu_online(cpu))
			ASSERT_TRUE(cpumask_test_cpu(cpu, &cpu_present_mask));
		if (cpumask_test_cpu(cpu, &cpu_present_mask))
			ASSERT_TRUE(cpumask_test_cpu(cpu, &cpu_possible_mask));
		if (cpumask_test_cpu(cpu, &cpu_possible_mask))
			ASSERT_LT(cpu, nr_cpu_ids);
	}
	EXPECT_TRUE(cpu_online(0));
}
