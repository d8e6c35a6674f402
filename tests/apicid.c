/*
 * The APIC-ID map. Contract (arch/apicid.h): a bijection between the numbers 0 to n - 1 and the
 * ids that were registered, in both directions, and no other id is found.
 */
#include <arch/apicid.h>
#include <arch/percpu.h>
#include <arch/topology.h>
#include <kernel/ktest.h>
#include <lib/errno.h>
#include <tests/madt_model.h>

#define MAP (&model_map.map)

static struct model_list list;

static int setup(void)
{
	apicid_map_init(MAP, model_map.apicid, 7);
	list.nr = 1;
	list.apicid[0] = 7;
	return 0;
}
TEST_SUITE(apicid, setup, NULL);

TEST(apicid, the_boot_cpu_is_0)
{
	EXPECT_STREQ(check_bijection(MAP, &list), "");
	EXPECT_EQ(apicid_map_find(MAP, 7), 0);
	EXPECT_EQ(apicid_map_find(MAP, 0), -1);
	EXPECT_EQ(apicid_map_find(MAP, 7 + 256), -1);
}

TEST(apicid, a_second_registration_only_adds_the_uid)
{
	EXPECT_EQ(MAP->uid[0], BAD_UID);
	EXPECT_EQ(apicid_map_add(MAP, 7, 70), -EEXIST);
	EXPECT_EQ(MAP->uid[0], 70);
	EXPECT_EQ(apicid_map_add(MAP, 7, 71), -EEXIST);
	EXPECT_EQ(MAP->uid[0], 70);
	EXPECT_EQ(apicid_map_add(MAP, BAD_APICID, 1), -EINVAL);
	EXPECT_STREQ(check_bijection(MAP, &list), "");
}

/* Ids that fall into one slot of the hash: the same low bits, the same high bits, neighbours. */
TEST(apicid, colliding_ids)
{
	static const u32 strides[] = {1, 256, 2048, 0x10000, 0x100000, 0x9e3779b1};

	for (u32 s = 0; s < ARRAY_SIZE(strides); s++) {
		setup();
		for (u32 i = 1; i < ktest_scaled(NR_CPUS); i++) {
			u32 id = 300 + i * strides[s];
			int known = model_find(&list, id);

			ASSERT_EQ(apicid_map_add(MAP, id, i), known >= 0 ? -EEXIST : (int)list.nr);
			if (known < 0)
				list.apicid[list.nr++] = id;
		}
		ASSERT_STREQ(check_bijection(MAP, &list), "");
	}
	if (MAP->nr == NR_CPUS)
		EXPECT_EQ(apicid_map_add(MAP, 8, 0), -ENOSPC);
}

TEST(apicid, random_ids)
{
	for (u64 round = ktest_scaled(20); round--;) {
		u32 bits = 1 + (u32)ktest_rand_below(32), n = (u32)ktest_rand_below(200);

		setup();
		for (u32 i = 0; i < n; i++) {
			struct madt_cpu cpu = {.apicid =
						       (u32)(ktest_rand() & ((1ull << bits) - 1))};

			apicid_map_add(MAP, cpu.apicid, i);
			model_add(&list, &cpu, true);
		}
		ASSERT_STREQ(check_bijection(MAP, &list), "");
	}
}

TEST(apicid, this_machine)
{
	u32 cpu;

	EXPECT_GE(nr_cpu_ids, 1);
	EXPECT_LE(nr_cpu_ids, NR_CPUS);
	for_each_possible_cpu(cpu)
	{
		ASSERT_NE(cpu_to_apicid(cpu), BAD_APICID);
		ASSERT_EQ(apicid_to_cpu(cpu_to_apicid(cpu)), (int)cpu);
	}
	EXPECT_EQ(cpumask_weight(&cpu_possible_mask), nr_cpu_ids);
	EXPECT_EQ(cpu_to_apicid(nr_cpu_ids), BAD_APICID);
	EXPECT_EQ(cpu_to_acpi_uid(nr_cpu_ids), BAD_UID);
	EXPECT_EQ(apicid_to_cpu(BAD_APICID), -1);
	EXPECT_EQ(apicid_to_cpu(0xfffffff0), -1);
}

TEST(apicid, this_cpu_is_where_the_map_says)
{
	struct topology_cpuid answers;

	topology_read(&answers);
	EXPECT_EQ(topology_apicid(&answers), cpu_to_apicid(smp_processor_id()));
}
