/*
 * The end of the boot: what only the boot needed becomes ordinary memory. Its names in the image are unmapped, so that a
 * late call of an __init function faults at once; its name in the direct map, read-only until now if it was code,
 * becomes that of any free page. tools/check-init.py proves that nothing that stays refers to it. Linux: free_initmem.
 */
#include <arch/pgtable.h>
#include <arch/tlb.h>
#include <lib/bug.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>

extern char __inittext_start[], __inittext_end[], __initdata_start[], __initdata_end[];

static void free_part(char *start, char *end, const char *what)
{
	phys_addr_t phys = virt_to_phys(start);
	u64 size = ALIGN((u64)(end - start), PAGE_SIZE);
	int err;

	if (!size)
		return;
	err = pgtable_unmap(&kernel_pgtable_ops, kernel_pml4, (virt_addr_t)start, size);
	if (!err)
		err = pgtable_protect(&kernel_pgtable_ops, kernel_pml4, PAGE_OFFSET + phys, size,
				      PAGE_KERNEL);
	flush_tlb_kernel_range((virt_addr_t)start, (virt_addr_t)start + size);
	flush_tlb_kernel_range(PAGE_OFFSET + phys, PAGE_OFFSET + phys + size);
	if (WARN_ON(err))
		return; /* no memory for a table: it stays what it was */
	free_reserved_area(phys, phys + size, what);
}

void free_initmem(void)
{
	free_part(__inittext_start, __inittext_end, "init text");
	free_part(__initdata_start, __initdata_end, "init data");
}
