/*
 * After the boot: what was __init is not in the image any more, and its frames are memory like any other. (That
 * nothing refers to it is tools/check-init.py's business, at build time.)
 */
#include <arch/pgtable.h>
#include <arch/traps.h>
#include <kernel/ktest.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/mm_init.h>

extern char __inittext_start[], __inittext_end[], __initdata_start[], __initdata_end[];

TEST(initmem, a_late_call_faults_at_once)
{
	/* Through a variable: a direct call is what tools/check-init.py refuses to link. */
	void (*volatile late)(void) = (void (*)(void))(virt_addr_t)__inittext_start;

	EXPECT_FAULT(X86_TRAP_PF, late());
	EXPECT_EQ(ktest_fault()->ip, (unsigned long)__inittext_start);
	EXPECT_EQ(ktest_fault_cr2(), (unsigned long)__inittext_start);
}

static void expect_ordinary(const char *start, const char *end)
{
	for (const char *at = start; at < end; at += PAGE_SIZE) {
		struct pt_walk walk;

		pgtable_walk(kernel_pml4, (virt_addr_t)at, &walk);
		EXPECT_FALSE(walk.mapped);
		pgtable_walk(kernel_pml4, PAGE_OFFSET + virt_to_phys(at), &walk);
		ASSERT_TRUE(walk.mapped);
		EXPECT_TRUE(*walk.entry & _PAGE_RW);
		EXPECT_TRUE((*walk.entry & _PAGE_NX) || !(supported_pte_mask & _PAGE_NX));
		EXPECT_TRUE(pfn_valid(phys_to_pfn(virt_to_phys(at))));
		for (u32 i = 0; i < memblock.reserved.nr; i++)
			EXPECT_FALSE(ranges_overlap(virt_to_phys(at), PAGE_SIZE,
						    memblock.reserved.region[i].base,
						    memblock.reserved.region[i].size));
	}
}

TEST(initmem, its_pages_are_ordinary_memory)
{
	EXPECT_GT(__inittext_end - __inittext_start, 0L);
	expect_ordinary(__inittext_start, __inittext_end);
	expect_ordinary(__initdata_start, __initdata_end);
}
