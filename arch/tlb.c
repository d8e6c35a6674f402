/* TLB flushes, for one CPU so far. */
#include <arch/insn.h>
#include <arch/tlb.h>

#define X86_CR4_PGE BIT(7)

/*
 * From so many pages on, forgetting everything is cheaper than INVLPG for each. (Linux found
 * 33 by measurement.)
 */
#define TLB_SINGLE_PAGE_FLUSH_CEILING 33

/*
 * Any change of CR4.PGE drops global entries as well; a load of CR3 does not. SDM vol. 3,
 * 4.10.4.1.
 */
void __flush_tlb_all(void)
{
	unsigned long cr4 = read_cr4();

	if (cr4 & X86_CR4_PGE) {
		write_cr4(cr4 & ~X86_CR4_PGE);
		write_cr4(cr4);
	} else {
		write_cr3(read_cr3());
	}
}

/*
 * Other CPUs: here an IPI will go to each, because the kernel's half is in every one's TLB.
 * Linux spares itself most of them by leaving vfree()d ranges stale until 32 MiB have gathered
 * (lazy purge). Teak does not: what is mapped and unmapped often (stacks) is kept mapped
 * instead, and an address that vfree() took faults at once.
 */
void flush_tlb_kernel_range(virt_addr_t start, virt_addr_t end)
{
	if (end - start > TLB_SINGLE_PAGE_FLUSH_CEILING * PAGE_SIZE) {
		__flush_tlb_all();
		return;
	}
	for (; start < end; start += PAGE_SIZE)
		invlpg((void *)start);
}
