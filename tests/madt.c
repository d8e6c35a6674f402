/*
 * The MADT. Contract (drivers/acpi/madt.h): whatever the entries say, the CPUs that can be used
 * get the numbers 0 to n - 1, the boot CPU 0, and each leads to its id and back.
 * tests/host/test_madt.c goes further.
 */
#include <drivers/acpi/madt.h>
#include <kernel/ktest.h>
#include <tests/madt_model.h>

static struct synth_madt synth;
static struct madt_info info;
static struct madt_census census;
static u32 warnings;

static void count_warning(const char *what)
{
	(void)what;
	warnings++;
}

static void parse(void)
{
	warnings = 0;
	ASSERT_EQ(madt_parse(synth_table(&synth), &info, count_warning), 0);
	EXPECT_EQ(info.refused, warnings);
}

/* Parse what was built and number its CPUs. */
static void number(u32 boot_apicid, bool x2apic)
{
	parse();
	ASSERT_STREQ(check_numbering(&info, boot_apicid, x2apic, &census), "");
}

static int setup(void)
{
	synth_init(&synth);
	return 0;
}
TEST_SUITE(madt, setup, NULL);

TEST(madt, holes_between_ids_are_no_holes_between_numbers)
{
	static const u32 ids[] = {0, 1, 2, 4, 5, 6}; /* -smp 6,sockets=2,cores=3,threads=1 */

	for (u32 i = 0; i < ARRAY_SIZE(ids); i++)
		synth_cpu(&synth, ids[i], i, SYNTH_ENABLED);
	number(0, false);
	EXPECT_EQ(census.count[MADT_PRESENT], 6);
	EXPECT_EQ(model_map.apicid[3], 4);
	EXPECT_EQ(apicid_map_find(&model_map.map, 3), -1);
	EXPECT_EQ(model_map.map.uid[5], 5);
}

TEST(madt, the_boot_cpu_is_0_wherever_it_is_listed)
{
	for (u32 id = 0; id < 8; id++)
		synth_cpu(&synth, id, id + 100, SYNTH_ENABLED);
	number(5, false);
	EXPECT_EQ(model_map.apicid[0], 5);
	EXPECT_EQ(model_map.map.uid[0], 105);
	EXPECT_EQ(model_map.apicid[1], 0);
	EXPECT_TRUE(census.boot_listed);
	EXPECT_EQ(census.count[MADT_DUPLICATE], 0);
	number(9, false);
	EXPECT_FALSE(census.boot_listed);
	EXPECT_EQ(model_map.map.nr, 9);
}

TEST(madt, duplicates_and_disabled_ones_get_no_number)
{
	synth_cpu(&synth, 0, 0, SYNTH_ENABLED);
	synth_cpu(&synth, 0, 1, SYNTH_ENABLED);
	synth_cpu(&synth, 3, 2, 0);
	synth_cpu(&synth, 4, 3, SYNTH_ONLINE_CAPABLE);
	synth_cpu(&synth, 2, 4, SYNTH_ENABLED);
	synth_x2apic_cpu(&synth, 2, 4, SYNTH_ENABLED);
	number(0, true);
	EXPECT_EQ(census.count[MADT_PRESENT], 2);
	EXPECT_EQ(census.count[MADT_DUPLICATE], 2);
	EXPECT_EQ(census.count[MADT_DISABLED], 1);
	EXPECT_EQ(census.first[MADT_DISABLED], 3);
	EXPECT_EQ(census.count[MADT_ABSENT], 1);
	EXPECT_EQ(apicid_map_find(&model_map.map, 4), 2); /* behind those that are present */
}

/* As a machine of 288 CPUs on two sockets lists them: the second half has ids from 256 on. */
TEST(madt, ids_above_255)
{
	for (u32 i = 0; i < 288; i++)
		synth_cpu(&synth, i < 144 ? i : i - 144 + 256, i, SYNTH_ENABLED);
	number(0, true);
	EXPECT_EQ(census.count[MADT_PRESENT], 288);
	EXPECT_EQ(apicid_map_find(&model_map.map, 256), 144);
	EXPECT_EQ(apicid_map_find(&model_map.map, 399), 287);
	number(0, false);
	EXPECT_EQ(census.count[MADT_PRESENT], 144);
	EXPECT_EQ(census.count[MADT_UNREACHABLE], 144);
	EXPECT_EQ(census.first[MADT_UNREACHABLE], 256);
}

TEST(madt, more_cpus_than_there_is_room_for)
{
	for (u32 i = 0; i < NR_CPUS + 20; i++)
		synth_x2apic_cpu(&synth, i * 7, i, SYNTH_ENABLED);
	number(0, true);
	EXPECT_EQ(info.refused, 20);
	EXPECT_EQ(model_map.map.nr, NR_CPUS);
	number(1, true); /* the boot CPU, not listed, takes the room of one */
	EXPECT_EQ(census.count[MADT_NO_ROOM], 1);
}

TEST(madt, random_tables_agree_with_a_model)
{
	for (u64 round = ktest_scaled(50); round--;) {
		u32 n = (u32)ktest_rand_below(300), range = (u32)ktest_rand_below(500) + 1;

		synth_init(&synth);
		for (u32 i = 0; i < n; i++)
			synth_cpu(&synth,
				  (u32)ktest_rand_below(range) * (range < 20 ? 0x1000001 : 1), i,
				  (u32)ktest_rand_below(4));
		number((u32)ktest_rand_below(range), ktest_rand_below(2));
	}
}

TEST(madt, an_entry_of_no_length_ends_the_walk)
{
	synth_cpu(&synth, 0, 0, SYNTH_ENABLED);
	synth_cpu(&synth, 1, 1, SYNTH_ENABLED);
	synth_cpu(&synth, 2, 2, SYNTH_ENABLED);
	synth.bytes[44 + 8 + 1] = 0;
	parse();
	EXPECT_EQ(info.nr_cpus, 1);
	EXPECT_EQ(info.refused, 1);
}

static const struct madt_info *need_madt(void)
{
	if (!acpi_madt())
		ktest_skip("this machine has no MADT");
	return acpi_madt();
}

TEST(madt, this_machine)
{
	const struct madt_info *madt = need_madt();
	u32 enabled = 0;

	for (u32 i = 0; i < madt->nr_cpus; i++)
		enabled += madt->cpu[i].enabled;
	EXPECT_GE(enabled, cpumask_weight(&cpu_present_mask));
	EXPECT_EQ(madt->refused, 0);
	EXPECT_NE(madt->lapic_addr, 0);
}
