/*
 * CPUs held against each other. Contract (arch/identify.h): what differs is named, what is state
 * or was switched off is not, and a machine's CPUs are alike unless it says so.
 */
#include <arch/identify.h>
#include <arch/irqflags.h>
#include <arch/percpu.h>
#include <kernel/ktest.h>
#include <lib/cpumask.h>
#include <lib/string.h>

static u32 boot[NR_CPUID_WORDS], cpu[NR_CPUID_WORDS], ignore[NR_CPUID_WORDS];
static char text[80];

static void flip(u32 *words, u32 feature)
{
	words[feature / 32] ^= 1u << (feature % 32);
}

static const char *difference(size_t size)
{
	u32 lacks[NR_CPUID_WORDS], has[NR_CPUID_WORDS];

	feature_difference(boot, cpu, ignore, lacks, has);
	EXPECT_EQ(describe_difference(lacks, has, text, size), strlen(text));
	return text;
}

static int setup(void)
{
	memset(ignore, 0, sizeof(ignore));
	memcpy(boot, boot_cpu_data.words, sizeof(boot));
	memset(boot, 0, sizeof(boot[0]) * 3);
	memcpy(cpu, boot, sizeof(cpu));
	return 0;
}
TEST_SUITE(identify, setup, NULL);

TEST(identify, equals_do_not_differ)
{
	EXPECT_STREQ(difference(sizeof(text)), "");
}

TEST(identify, both_directions_are_named)
{
	flip(boot, X86_FEATURE_SMAP);
	EXPECT_STREQ(difference(sizeof(text)), "lacks smap");
	flip(cpu, X86_FEATURE_MWAIT);
	flip(cpu, X86_FEATURE_PCID);
	EXPECT_STREQ(difference(sizeof(text)), "lacks smap, has monitor pcid");
	flip(boot, X86_FEATURE_SMAP);
	flip(cpu, X86_FEATURE(CPUID_1_EDX, 10)); /* a bit without a name */
	EXPECT_STREQ(difference(sizeof(text)), "has 0:10 monitor pcid");
}

TEST(identify, state_and_what_was_cleared_are_no_difference)
{
	flip(cpu, X86_FEATURE(CPUID_1_ECX, 27)); /* CR4.OSXSAVE */
	flip(boot, X86_FEATURE_APIC);
	flip(cpu, X86_FEATURE_SMEP);
	flip(ignore, X86_FEATURE_SMEP);
	EXPECT_STREQ(difference(sizeof(text)), "");
}

TEST(identify, a_long_difference_is_cut)
{
	size_t step = sizeof(text) / ktest_scaled(sizeof(text));

	memset(cpu, 0xff, sizeof(cpu));
	memset(boot, 0, sizeof(boot));
	for (size_t size = 1; size <= sizeof(text); size += step) {
		difference(size);
		ASSERT_EQ(strlen(text), size - 1);
	}
}

/* The boot CPU, asked like any other. */
TEST(identify, this_cpu_is_like_the_boot_cpu)
{
	unsigned long flags = local_irq_save();

	cpu_identify_secondary();
	EXPECT_EQ(cpu_difference(smp_processor_id(), text, sizeof(text)), 0);
	local_irq_restore(flags);
	EXPECT_EQ(cpu_difference(NR_CPUS, text, sizeof(text)), 0);
}
