/* CPUID. Contract: every bit has the name that /proc/cpuinfo gives it or none, and the words are the CPU's own. */
#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <kernel/ktest.h>

/* A name too many or too few in a word would shift all that follow it; the last named bit shows that none is. */
TEST(cpufeature, names_are_at_their_bits)
{
	EXPECT_STREQ(feature_name(X86_FEATURE(CPUID_1_EDX, 31)), "pbe");
	EXPECT_STREQ(feature_name(X86_FEATURE_HYPERVISOR), "hypervisor");
	EXPECT_STREQ(feature_name(X86_FEATURE(CPUID_7_EBX, 31)), "avx512vl");
	EXPECT_STREQ(feature_name(X86_FEATURE(CPUID_7_ECX, 31)), "pks");
	EXPECT_STREQ(feature_name(X86_FEATURE(CPUID_7_EDX, 31)), "ssbd");
	EXPECT_STREQ(feature_name(X86_FEATURE(CPUID_80000001_EDX, 31)), "3dnow");
	EXPECT_STREQ(feature_name(X86_FEATURE(CPUID_80000001_ECX, 29)), "mwaitx");
	EXPECT_STREQ(feature_name(X86_FEATURE(CPUID_80000007_EDX, 11)), "proc_feedback");
	EXPECT_STREQ(feature_name(X86_FEATURE(CPUID_D_1_EAX, 4)), "xfd");
	EXPECT_STREQ(feature_name(X86_FEATURE(CPUID_6_EAX, 19)), "hfi");

	EXPECT_STREQ(feature_name(X86_FEATURE_PCID), "pcid");
	EXPECT_STREQ(feature_name(X86_FEATURE_SMAP), "smap");
	EXPECT_STREQ(feature_name(X86_FEATURE_UMIP), "umip");
	EXPECT_STREQ(feature_name(X86_FEATURE_NX), "nx");
	EXPECT_STREQ(feature_name(X86_FEATURE_LM), "lm");
	EXPECT_STREQ(feature_name(X86_FEATURE_CONSTANT_TSC), "constant_tsc");
}

TEST(cpufeature, bits_without_a_name_have_none)
{
	EXPECT_TRUE(feature_name(X86_FEATURE(CPUID_1_EDX, 10)) == NULL);
	EXPECT_TRUE(feature_name(X86_FEATURE(CPUID_6_EAX, 31)) == NULL);
	EXPECT_TRUE(feature_name(X86_FEATURE(NR_CPUID_WORDS, 0)) == NULL);
}

TEST(cpufeature, words_are_the_cpus)
{
	EXPECT_EQ(boot_cpu_data.words[CPUID_1_EDX], cpuid(1).edx);
	EXPECT_TRUE(cpu_has(X86_FEATURE_LM));
	EXPECT_TRUE(cpu_has(X86_FEATURE_PSE));
	EXPECT_GE(boot_cpu_data.phys_bits, 32u);
	EXPECT_LE(boot_cpu_data.phys_bits, 52u);
}

#define CR0_WP	 BIT(16)
#define CR4_PGE	 BIT(7)
#define CR4_SMEP BIT(20)

TEST(cpufeature, protection_is_on_where_there_is_any)
{
	EXPECT_TRUE(read_cr0() & CR0_WP);
	EXPECT_EQ(!!(read_cr4() & CR4_PGE), cpu_has(X86_FEATURE_PGE));
	EXPECT_EQ(!!(read_cr4() & CR4_SMEP), cpu_has(X86_FEATURE_SMEP));
}
