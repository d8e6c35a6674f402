/*
 * The kernel's page tables. Two parts: the direct map, through which any RAM
 * is one addition away, and the image. Invariants: no page is writable and
 * executable, under any of its names; what is not RAM is not mapped; the page
 * below each stack is not mapped. SDM vol. 3, 4.5 and 12.12 (PAT).
 */
#define pr_fmt(fmt) "mm: " fmt

#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/pgtable.h>
#include <arch/stacktrace.h>
#include <lib/bug.h>
#include <lib/string.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>

#define MSR_IA32_PAT 0x277
/* Entries as at power-up (WB, WT, UC-, UC, twice), but entry 1, chosen by PWT, is write-combining. */
#define PAT_WITH_WC  0x0007040600070106ULL

extern char __kernel_start[], __text_segment_end[], __rodata_end[], __kernel_end[];

u64 *kernel_pml4;

/* Tables come from memblock until the page allocator has taken its memory over. */
static pte_t *alloc_table(void)
{
	phys_addr_t phys;

	if (nr_managed_pages())
		return (pte_t *)__get_free_pages(GFP_ATOMIC | __GFP_ZERO, 0);
	phys = memblock_phys_alloc(PAGE_SIZE, PAGE_SIZE);
	return phys ? memset(phys_to_virt(phys), 0, PAGE_SIZE) : NULL;
}

/* A table from memblock's time stays: its frame has no owner to go back to. */
static void free_table(pte_t *table)
{
	struct page *page = virt_to_page(table);

	if (pfn_valid(page_to_pfn(page)) && page->type == PAGE_ALLOCATED)
		__free_page(page);
}

const struct pgtable_ops kernel_pgtable_ops = {alloc_table, free_table};

static __init void map(virt_addr_t virt, phys_addr_t phys, u64 size, u64 prot)
{
	int err = pgtable_map(&kernel_pgtable_ops, kernel_pml4, virt, phys, size, prot, PUD_SHIFT);

	if (err)
		panic("mapping %#lx to %#llx, %llu KiB failed (%d): out of memory for page tables?",
		      virt, phys, size >> 10, err);
}

/* The same RAM under its direct-map name must not be a way round the image's protection. */
static __init void map_direct(phys_addr_t start, phys_addr_t end)
{
	phys_addr_t ro_start = virt_to_phys(__kernel_start), ro_end = virt_to_phys(__rodata_end);

	if (start < ro_start && end > ro_start) {
		map_direct(start, ro_start);
		start = ro_start;
	}
	if (start >= ro_start && start < ro_end) {
		phys_addr_t stop = min(end, ro_end);

		map(PAGE_OFFSET + start, start, stop - start, PAGE_KERNEL_RO);
		start = stop;
	}
	if (start < end)
		map(PAGE_OFFSET + start, start, end - start, PAGE_KERNEL);
}

static __init void map_all_ram(void)
{
	const struct memblock_type *ram = &memblock.memory;

	for (u32 i = 0; i < ram->nr; i++) {
		phys_addr_t start = ram->region[i].base;

		if (start == 0) /* page 0 is nobody's */
			start = PAGE_SIZE;
		if (start < ram->region[i].base + ram->region[i].size)
			map_direct(start, ram->region[i].base + ram->region[i].size);
	}
}

static __init void map_image_part(const char *start, const char *end, u64 prot)
{
	map((virt_addr_t)start, virt_to_phys(start), (u64)(end - start), prot);
}

static __init void unmap_guard_pages(void)
{
	struct stack_info stack;

	for (size_t i = 0; static_stack(i, &stack); i++) {
		virt_addr_t guard = stack.low - PAGE_SIZE;
		int err = pgtable_unmap(&kernel_pgtable_ops, kernel_pml4, guard, PAGE_SIZE);

		BUG_ON(err);
	}
}

void paging_init_cpu(void)
{
	if (cpu_has(X86_FEATURE_PAT))
		wrmsr(MSR_IA32_PAT, PAT_WITH_WC);
}

void __init paging_init(void)
{
	if (!cpu_has(X86_FEATURE_NX))
		supported_pte_mask &= ~_PAGE_NX;
	if (cpu_has(X86_FEATURE_GBPAGES))
		max_page_shift = PUD_SHIFT;
	paging_init_cpu();

	kernel_pml4 = alloc_table();
	if (!kernel_pml4)
		panic("no memory for the first page table");
	map_all_ram();
	map_image_part(__kernel_start, __text_segment_end, PAGE_KERNEL_ROX);
	map_image_part(__text_segment_end, __rodata_end, PAGE_KERNEL_RO);
	map_image_part(__rodata_end, __kernel_end, PAGE_KERNEL);
	unmap_guard_pages();
	load_pml4(kernel_pml4);
	memblock.limit = ~0ULL;
	pr_debug("direct map of %llu MiB with pages up to %lu KiB\n", memblock_total() >> 20,
		 (1UL << max_page_shift) >> 10);
}
