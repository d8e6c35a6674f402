/*
 * Topology. Contract (arch/topology.h): shifts ascend, the place follows from the id and gives the
 * id back, and of several sources the best that makes sense decides. tests/host/test_topology.c
 * has the single leaves.
 */
#include <arch/apicid.h>
#include <arch/topology.h>
#include <kernel/ktest.h>

static bool ascending(const struct topology_layout *t)
{
	return t->core_shift <= t->die_shift && t->die_shift <= t->package_shift &&
	       t->package_shift < 32;
}

static u32 id_of(const struct topology_layout *t, const struct cpu_place *p)
{
	return (u32)((u64)p->package << t->package_shift | p->die << t->die_shift |
		     p->core << t->core_shift | p->thread);
}

TEST(topology, any_answers_give_a_sound_layout)
{
	for (u64 round = ktest_scaled(2000); round--;) {
		struct topology_cpuid answers;
		u8 *bytes = (u8 *)&answers;
		struct topology_layout t;

		for (u32 i = 0; i < sizeof(answers); i++)
			bytes[i] = (u8)(ktest_rand() & ktest_rand());
		t = topology_decode(&answers);
		ASSERT_TRUE(ascending(&t));
		for (u32 i = 0; i < 10; i++) {
			u32 id = (u32)ktest_rand();
			struct cpu_place place = topology_place(&t, id);

			ASSERT_EQ(id_of(&t, &place), id);
		}
	}
}

TEST(topology, this_machine)
{
	struct topology_cpuid answers;
	struct topology_layout t;

	topology_read(&answers);
	t = topology_decode(&answers);
	EXPECT_TRUE(ascending(&t));
	EXPECT_EQ(t.package_shift, boot_topology.package_shift);
	EXPECT_EQ(t.source, boot_topology.source);
}
