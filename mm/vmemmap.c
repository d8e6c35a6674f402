/*
 * The array of struct pages: mapped where there is memory, a hole where there
 * is none. A page of the array is mapped for whole blocks of the largest order, so the buddy of any block
 * can be looked at, whether it is memory or not. Linux: mm/sparse-vmemmap.c.
 *
 * Replaced in the host tests by tests/host/shim_pages.c.
 */
#include <arch/pgtable.h>
#include <lib/errno.h>
#include <mm/mm.h>
#include <mm/mm_init.h>

int vmemmap_populate(pfn_t start, pfn_t end, const struct pgtable_ops *ops)
{
	virt_addr_t virt = (virt_addr_t)pfn_to_page(ALIGN_DOWN(start, BLOCK_PAGES));
	virt_addr_t stop = (virt_addr_t)pfn_to_page(ALIGN(end, BLOCK_PAGES));

	for (; virt < stop; virt += PAGE_SIZE) {
		struct pt_walk walk;
		pte_t *page;
		int err;

		pgtable_walk(kernel_pml4, virt, &walk);
		if (walk.mapped)
			continue;
		page = ops->alloc();
		if (!page)
			return -ENOMEM;
		err = pgtable_map(ops, kernel_pml4, virt, virt_to_phys(page), PAGE_SIZE,
				  PAGE_KERNEL, PAGE_SHIFT);
		if (err)
			return err;
	}
	return 0;
}

bool pfn_valid(pfn_t pfn)
{
	struct pt_walk walk;

	if (pfn >= MAX_PFN)
		return false;
	pgtable_walk(kernel_pml4, (virt_addr_t)pfn_to_page(pfn), &walk);
	return walk.mapped;
}
