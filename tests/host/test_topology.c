/*
 * Contract (arch/topology.h): the three shifts, from each source alone; nonsense falls back to the
 * next. The answers below are those of real machines and of QEMU. Also what clearcpuid= does.
 *
 * Sources: arch/topology.c arch/cpufeature.c
 */
#include <tests/host/host.h>

#include <arch/cpufeature.h>
#include <arch/topology.h>
#include <lib/errno.h>
#include <lib/string.h>

#define HTT	BIT(28)
#define X2APIC	BIT(21)
#define TOPOEXT BIT(22)
#define SMT	(1u << 8)
#define CORE	(2u << 8)
#define MODULE	(3u << 8)
#define DIE	(5u << 8)

static struct topology_cpuid a;

static int set_up(void **state)
{
	(void)state;
	a = (struct topology_cpuid){0};
	return 0;
}

static void level(struct cpuid_regs *leaf, u32 i, u32 shift, u32 cpus, u32 type)
{
	leaf[i] = (struct cpuid_regs){.eax = shift, .ebx = cpus, .ecx = type | i, .edx = 0x1234};
}

static void expect(u8 source, u32 core, u32 die, u32 package)
{
	struct topology_layout t = topology_decode(&a);

	assert_string_equal(topology_source_name(t.source), topology_source_name(source));
	assert_int_equal(t.core_shift, core);
	assert_int_equal(t.die_shift, die);
	assert_int_equal(t.package_shift, package);
}

static void nothing(void **state)
{
	(void)state;
	expect(TOPOLOGY_NONE, 0, 0, 0);
	a.leaf_1.ebx = 0x07080000; /* a count, but HTT says it does not count */
	expect(TOPOLOGY_NONE, 0, 0, 0);
}

/* QEMU -smp 6,sockets=2,cores=3,threads=1. */
static void leaf_b(void **state)
{
	struct topology_layout t;
	struct cpu_place p;

	(void)state;
	level(a.leaf_b, 0, 0, 1, SMT);
	level(a.leaf_b, 1, 2, 3, CORE);
	expect(TOPOLOGY_LEAF_B, 0, 2, 2);
	t = topology_decode(&a);
	p = topology_place(&t, 6);
	assert_true(p.package == 1 && p.die == 0 && p.core == 2 && p.thread == 0);
	level(a.leaf_b, 0, 1, 2, SMT);
	level(a.leaf_b, 1, 5, 24, CORE);
	expect(TOPOLOGY_LEAF_B, 1, 5, 5);
}

/* QEMU -smp 16,sockets=2,dies=2,cores=2,threads=2; then a machine with modules. */
static void leaf_1f(void **state)
{
	struct topology_layout t;
	struct cpu_place p;

	(void)state;
	level(a.leaf_b, 0, 1, 2, SMT);
	level(a.leaf_b, 1, 3, 8, CORE);
	level(a.leaf_1f, 0, 1, 2, SMT);
	level(a.leaf_1f, 1, 2, 4, CORE);
	level(a.leaf_1f, 2, 3, 8, DIE);
	expect(TOPOLOGY_LEAF_1F, 1, 2, 3);
	t = topology_decode(&a);
	p = topology_place(&t, 0xd);
	assert_true(p.package == 1 && p.die == 1 && p.core == 0 && p.thread == 1);
	level(a.leaf_1f, 2, 4, 8, MODULE);
	level(a.leaf_1f, 3, 6, 16, DIE);
	expect(TOPOLOGY_LEAF_1F, 1, 4, 6);
}

static void levels_that_make_no_sense(void **state)
{
	(void)state;
	level(a.leaf_b, 0, 1, 2, SMT);
	level(a.leaf_b, 1, 3, 8, CORE);
	level(a.leaf_1f, 0, 4, 2, SMT);
	level(a.leaf_1f, 1, 2, 4, CORE); /* descends */
	expect(TOPOLOGY_LEAF_B, 1, 3, 3);
	level(a.leaf_1f, 0, 1, 0, SMT); /* no CPUs: a leaf that is not there */
	expect(TOPOLOGY_LEAF_B, 1, 3, 3);
	a.leaf_b[0].ecx = 0; /* no type in the first */
	expect(TOPOLOGY_NONE, 0, 0, 0);
	for (u32 i = 0; i < TOPOLOGY_SUBLEAVES; i++) /* a list without an end */
		level(a.leaf_b, i, 31, 2, CORE);
	expect(TOPOLOGY_LEAF_B, 0, 31, 31);
}

/* An EPYC 7551 has 64 CPUs and four nodes a package; an older one says it by its count alone. */
static void leaf_8000001e(void **state)
{
	(void)state;
	a.leaf_80000001.ecx = TOPOEXT;
	a.leaf_80000008.ecx = 0x603f;
	a.leaf_8000001e = (struct cpuid_regs){.eax = 5, .ebx = 0x0102, .ecx = 0x0300};
	expect(TOPOLOGY_LEAF_8000001E, 1, 4, 6);
	a.leaf_80000008.ecx = 0x000b;
	a.leaf_8000001e.ecx = 0;
	expect(TOPOLOGY_LEAF_8000001E, 1, 4, 4);
	a.leaf_80000008.ecx = 0; /* two threads in a package of one: no */
	expect(TOPOLOGY_NONE, 0, 0, 0);
	a.leaf_80000001.ecx = 0;
	expect(TOPOLOGY_NONE, 0, 0, 0);
}

static void leaves_4_and_1(void **state)
{
	(void)state;
	a.leaf_1 = (struct cpuid_regs){.ebx = 8u << 16, .edx = HTT};
	expect(TOPOLOGY_LEAF_1, 0, 3, 3);
	a.leaf_4.eax = 3u << 26 | 1;
	expect(TOPOLOGY_LEAF_4, 1, 3, 3);
	a.leaf_1.ebx = 6u << 16; /* three cores of two threads: four cores' worth of ids */
	a.leaf_4.eax = 2u << 26 | 1;
	expect(TOPOLOGY_LEAF_4, 1, 3, 3);
	a.leaf_4.eax = 63u << 26 | 1; /* more cores than CPUs */
	expect(TOPOLOGY_LEAF_1, 0, 3, 3);
	a.leaf_1.ebx = 0;
	a.leaf_4.eax = 0;
	expect(TOPOLOGY_LEAF_1, 0, 0, 0);
}

static void apicids(void **state)
{
	(void)state;
	a.leaf_1.ebx = 0xabu << 24;
	level(a.leaf_b, 0, 0, 1, SMT);
	assert_int_equal(topology_apicid(&a), 0xab);
	a.leaf_1.ecx = X2APIC;
	assert_int_equal(topology_apicid(&a), 0x1234);
	a.leaf_b[0].ebx = 0;
	assert_int_equal(topology_apicid(&a), 0xab);
}

static void names(void **state)
{
	(void)state;
	for (u32 f = 0; f < NR_CPUID_WORDS * 32; f++)
		if (feature_name(f))
			assert_int_equal(feature_by_name(feature_name(f), strlen(feature_name(f))),
					 f);
	assert_int_equal(feature_by_name("", 0), -ENOENT);
	assert_int_equal(feature_by_name("smapx", 5), -ENOENT);
	assert_int_equal(feature_by_name("smapx", 4), X86_FEATURE_SMAP);
	assert_int_equal(feature_by_name("sma", 3), -ENOENT);
}

static void clearing_takes_what_depends_on_it(void **state)
{
	(void)state;
	libc_memset(boot_cpu_data.words, 0xff, sizeof(boot_cpu_data.words));
	setup_clear_cpu_cap(X86_FEATURE_SMAP);
	assert_false(cpu_has(X86_FEATURE_SMAP));
	assert_true(cpu_has(X86_FEATURE_SMEP));
	setup_clear_cpu_cap(X86_FEATURE_APIC);
	assert_false(cpu_has(X86_FEATURE_X2APIC) || cpu_has(X86_FEATURE_TSC_DEADLINE_TIMER));
	assert_true(cpu_has(X86_FEATURE_TSC) && cpu_has(X86_FEATURE_PCID));
	setup_clear_cpu_cap(X86_FEATURE_PGE);
	assert_false(cpu_has(X86_FEATURE_PCID));
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing),
		T(leaf_b),
		T(leaf_1f),
		T(levels_that_make_no_sense),
		T(leaf_8000001e),
		T(leaves_4_and_1),
		T(apicids),
		T(names),
		T(clearing_takes_what_depends_on_it),
	};

	return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
