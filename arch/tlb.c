/* TLB flushes, on this CPU and on all. */
#include <arch/insn.h>
#include <arch/tlb.h>
#include <lib/cpumask.h>

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

struct tlb_range {
	virt_addr_t start, end;
};

static void flush_range_here(void *info)
{
	const struct tlb_range *range = info;

	if (range->end - range->start > TLB_SINGLE_PAGE_FLUSH_CEILING * PAGE_SIZE) {
		__flush_tlb_all();
		return;
	}
	for (virt_addr_t virt = range->start; virt < range->end; virt += PAGE_SIZE)
		invlpg((void *)virt);
}

/*
 * An interrupt to every other CPU, because the kernel's half is in every one's TLB. Linux spares
 * itself most of them by leaving vfree()d ranges stale until 32 MiB have gathered (lazy purge).
 * Teak does not: what is mapped and unmapped often (stacks) is kept mapped instead, and an address
 * that vfree() took faults at once, on every CPU.
 */
void flush_tlb_kernel_range(virt_addr_t start, virt_addr_t end)
{
	struct tlb_range range = {start, end};

	run_on_cpus(&cpu_online_mask, flush_range_here, &range);
}
