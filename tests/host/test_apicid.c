/*
 * Contract (arch/apicid.h): a bijection, however the ids are chosen, and the functions for this
 * machine's own map.
 *
 * Sources: arch/apicid.c lib/cpumask.c
 */
#include <tests/host/host.h>

#include <arch/apicid.h>
#include <lib/errno.h>
#include <lib/param.h>

static struct apicid_map map;
static u32 ids[NR_CPUS];

/* What was registered, the plain way. */
static u32 list[NR_CPUS], listed;

static int find(u32 id)
{
	for (u32 i = 0; i < listed; i++)
		if (list[i] == id)
			return (int)i;
	return -1;
}

static void start(u32 boot)
{
	apicid_map_init(&map, ids, boot);
	list[0] = boot;
	listed = 1;
}

static void add(u32 id)
{
	int known = find(id);
	int want = id == BAD_APICID    ? -EINVAL
		   : known >= 0	       ? -EEXIST
		   : listed == NR_CPUS ? -ENOSPC
				       : (int)listed;

	assert_int_equal(apicid_map_add(&map, id, id ^ 0x55), want);
	if (want >= 0)
		list[listed++] = id;
}

static void check(void)
{
	assert_int_equal(map.nr, listed);
	for (u32 cpu = 0; cpu < NR_CPUS; cpu++) {
		assert_int_equal(ids[cpu], cpu < listed ? list[cpu] : BAD_APICID);
		if (cpu < listed) {
			assert_int_equal(apicid_map_find(&map, ids[cpu]), cpu);
			assert_int_equal(map.uid[cpu], cpu ? ids[cpu] ^ 0x55 : BAD_UID);
		}
	}
	for (u32 i = 0; i < 3000; i++) {
		u32 id = i < 2000 ? i : (u32)host_rand();

		assert_int_equal(apicid_map_find(&map, id), find(id));
	}
	assert_int_equal(apicid_map_find(&map, BAD_APICID), -1);
}

static void dense(void **state)
{
	(void)state;
	start(0);
	for (u32 id = 1; id < NR_CPUS; id++)
		add(id);
	check();
	add(NR_CPUS);
	add(3);
	add(BAD_APICID);
	check();
}

static void random_ids(void **state)
{
	(void)state;
	host_seed("apicid");
	for (u32 round = 0; round < 60; round++) {
		u32 mask = (u32)host_rand() | (u32)host_rand();

		if (host_rand_below(2))
			mask &= (1u << host_rand_below(32)) - 1;
		start((u32)host_rand() & mask & 0x7fffffff);
		for (u32 i = 0; i < 1200; i++)
			add((u32)host_rand() & mask);
		for (u32 cpu = 0; cpu < listed; cpu++)
			assert_int_equal(apicid_map_find(&map, list[cpu]), cpu);
	}
}

/* All ids of one hash slot, found by trying: the search is long, but right, and it ends. */
static void one_slot(void **state)
{
	u32 found = 0;

	(void)state;
	start(0);
	for (u32 id = 256; found < NR_CPUS - 1; id++)
		if (id * 0x9e3779b1u >> 21 == 2047) {
			add(id);
			found++;
		}
	check();
}

static void this_machine(void **state)
{
	(void)state;
	assert_int_equal(apicid_to_cpu(0), -1); /* before anything is known */
	assert_int_equal(apicid_to_cpu(4000), -1);
	apicid_init(4);
	assert_int_equal(nr_cpu_ids, 1);
	assert_int_equal(apicid_register(4, 40), -EEXIST);
	assert_int_equal(apicid_register(300, 41), 1);
	assert_int_equal(nr_cpu_ids, 2);
	assert_int_equal(apicid_register(BAD_APICID, 0), -EINVAL);
	assert_int_equal(cpu_to_apicid(1), 300);
	assert_int_equal(cpu_to_apicid(2), BAD_APICID);
	assert_int_equal(cpu_to_acpi_uid(0), 40);
	assert_int_equal(cpu_to_acpi_uid(2), BAD_UID);
	apicid_init(300);
	assert_int_equal(nr_cpu_ids, 1);
	assert_int_equal(apicid_to_cpu(300), 0);
	assert_int_equal(apicid_to_cpu(4), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dense),
		cmocka_unit_test(random_ids),
		cmocka_unit_test(one_slot),
		cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests_name("apicid", tests, NULL, NULL);
}
