/*
 * The region VMALLOC_START..VMALLOC_END: addresses from mm/vmap_area.c, frames from the page
 * allocator, and page tables to join the two.
 *
 * The idea: the page table is the list of an area's pages. There is no array of them to
 * allocate, to fail, or to disagree with. (Linux keeps one, vm_struct.pages.)
 *
 * An area dies in this order: claimed, so that nobody else can free it; entries cleared; TLBs
 * flushed; pages freed; and only then are its addresses free. So an address is never in two
 * areas, nor a page in use while a TLB still leads to it.
 *
 * Page tables of this region are never freed: at most 1/512 of what was once mapped, and
 * anyone may walk them without a lock.
 */
#define pr_fmt(fmt) "vmalloc: " fmt

#include <arch/pgtable.h>
#include <arch/tlb.h>
#include <lib/bug.h>
#include <lib/errno.h>
#include <lib/spinlock.h>
#include <mm/fault_inject.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <mm/vmalloc_internal.h>

/*
 * Guards the tree, the spare descriptors and the making of page tables. Not irq-safe. Taken
 * before zone->lock (a page table may be needed); no allocation that could run shrinkers is
 * made under it.
 */
static DEFINE_SPINLOCK(vmap_lock);
static struct vmap_space space;
static unsigned long nr_pages; /* that areas own; under vmap_lock */

/*
 * Descriptors in no tree, a list through rb_right. They come by the page and never go back:
 * whoever walks the tree without the lock (a backtrace, in an NMI) finds a descriptor wherever
 * a link leads.
 */
static struct vmap_area *spares;

u64 bad_vfree_reports;

static const struct vm_kind_info {
	const char *name;
	const char *undo;
	bool owns_pages;
} kinds[NR_VM_KINDS] = {
	[VM_ALLOC] = {"vmalloc", "vfree", true},
	[VM_MAP] = {"vmap", "vunmap", false},
	[VM_IOREMAP] = {"ioremap", "iounmap", false},
	[VM_STACK] = {"stack", "free_stack", true},
};

const char *vm_kind_name(u8 kind)
{
	return kind < NR_VM_KINDS ? kinds[kind].name : "corrupt";
}

static u64 owned_pages(const struct vmap_area *area)
{
	return kinds[area->kind].owns_pages ? (area->end - area->start) >> PAGE_SHIFT : 0;
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static struct vmap_area *pop_spare(void)
{
	struct vmap_area *area = spares;

	if (area)
		spares = area->node.rb_right ? rb_entry(area->node.rb_right, struct vmap_area, node)
					     : NULL;
	return area;
}

/* An empty range: a search that comes here by an old link does not take it for an area. */
static void push_spare(struct vmap_area *area)
{
	area->end = area->start;
	area->node.rb_right = spares ? &spares->node : NULL;
	spares = area;
}

static __noinline bool add_spares(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	struct vmap_area *area;

	if (!page)
		return false;
	area = page_address(page);
	spin_lock(&vmap_lock);
	for (size_t i = 0; i < PAGE_SIZE / sizeof(*area); i++)
		push_spare(&area[i]);
	spin_unlock(&vmap_lock);
	return true;
}

/* ---- an area's life -------------------------------------------------------------------------- */

struct vmap_area *get_vm_area(u64 size, enum vm_kind kind, const void *caller)
{
	struct vmap_area *area;

	if (!size || size > VMALLOC_END - VMALLOC_START)
		return NULL;
	spin_lock(&vmap_lock);
	while (unlikely(!(area = pop_spare()))) {
		spin_unlock(&vmap_lock);
		if (!add_spares())
			return NULL;
		spin_lock(&vmap_lock);
	}
	area->caller = caller;
	area->kind = kind;
	area->state = VM_LIVE;
	if (vmap_area_insert(&space, area, ALIGN(size, PAGE_SIZE))) {
		push_spare(area);
		area = NULL;
	} else {
		nr_pages += owned_pages(area);
	}
	spin_unlock(&vmap_lock);
	return area;
}

static inline virt_addr_t table_end(virt_addr_t virt)
{
	return ALIGN_DOWN(virt, PMD_SIZE) + PMD_SIZE;
}

/* The entry for virt, the lock taken only if a table must be made: one that is there stays. */
static pte_t *get_pte(virt_addr_t virt)
{
	pte_t *pte = pgtable_lookup_pte(kernel_pml4, virt);

	if (likely(pte))
		return pte;
	spin_lock(&vmap_lock);
	pte = pgtable_pte(&kernel_pgtable_ops, kernel_pml4, virt, 0);
	spin_unlock(&vmap_lock);
	return pte;
}

/* Map `pages`, or new ones. On failure the area is filled up to some point. */
static int fill(struct vmap_area *area, struct page **pages, gfp_t gfp, u64 prot)
{
	virt_addr_t virt = area->start;

	prot &= supported_pte_mask;
	while (virt < area->end) {
		virt_addr_t stop = min(area->end, table_end(virt));
		pte_t *pte = get_pte(virt);

		if (!pte)
			return -ENOMEM;
		for (; virt < stop; virt += PAGE_SIZE) {
			struct page *page = pages ? *pages++ : alloc_page(gfp);

			if (!page)
				return -ENOMEM;
			*pte++ = page_to_phys(page) | prot;
		}
	}
	return 0;
}

struct vmap_area *get_vm_area_pages(u64 size, enum vm_kind kind, gfp_t gfp, const void *caller)
{
	struct vmap_area *area = get_vm_area(size, kind, caller);

	if (area && fill(area, NULL, gfp, PAGE_KERNEL)) {
		release_vm_area(area);
		area = NULL;
	}
	return area;
}

int map_vm_area_phys(struct vmap_area *area, phys_addr_t phys, u64 prot)
{
	int err;

	spin_lock(&vmap_lock);
	err = pgtable_map(&kernel_pgtable_ops, kernel_pml4, area->start, phys,
			  area->end - area->start, prot, PAGE_SHIFT);
	spin_unlock(&vmap_lock);
	return err;
}

/*
 * Clear the entries. Returns the pages if they are the area's own, a list through
 * page->private. Filled from the bottom up: the first hole is the end of an area that could
 * not be filled.
 */
static struct page *clear_entries(const struct vmap_area *area)
{
	bool owns_pages = kinds[area->kind].owns_pages;
	struct page *list = NULL;
	virt_addr_t virt = area->start;

	while (virt < area->end) {
		virt_addr_t stop = min(area->end, table_end(virt));
		pte_t *pte = pgtable_lookup_pte(kernel_pml4, virt);

		for (; virt < stop; virt += PAGE_SIZE, pte++) {
			struct page *page;

			if (!pte || !*pte)
				return list;
			page = phys_to_page(*pte & PTE_PFN_MASK);
			*pte = 0;
			if (owns_pages) {
				page->private = (virt_addr_t)list;
				list = page;
			}
		}
	}
	return list;
}

void release_vm_area(struct vmap_area *area)
{
	struct page *page = clear_entries(area);

	flush_tlb_kernel_range(area->start, area->end);
	while (page) {
		struct page *next = (struct page *)(virt_addr_t)page->private;

		__free_page(page);
		page = next;
	}
	spin_lock(&vmap_lock);
	nr_pages -= owned_pages(area);
	vmap_area_erase(&space, area);
	push_spare(area);
	spin_unlock(&vmap_lock);
}

/* ---- misuse ---------------------------------------------------------------------------------- */

static __noinline void report_misuse(virt_addr_t addr, enum vm_kind kind, const char *who,
				     const void *caller, const struct vmap_area *found)
{
	bad_vfree_reports++;
	pr_err("bad address: %s(%p) by %pS\n", who, (void *)addr, caller);
	if (!found) {
		pr_err("  it is in no area: never mapped, or freed already\n");
	} else {
		pr_err("  it is in the %s area [%lx, %lx) made by %pS\n", vm_kind_name(found->kind),
		       found->start, found->end, found->caller);
		if (found->kind != kind)
			pr_err("  whose way back is %s()\n", kinds[found->kind].undo);
		else if (found->state != VM_LIVE)
			pr_err("  which was freed already (double free)\n");
		else
			pr_err("  but not at its beginning\n");
	}
	if (panic_ops.backtrace)
		panic_ops.backtrace();
	check_panic_on_oops("bad address freed");
}

struct vmap_area *claim_vm_area(virt_addr_t addr, enum vm_kind kind, const char *who,
				const void *caller)
{
	struct vmap_area *area, copy;

	spin_lock(&vmap_lock);
	area = vmap_area_find(&space, addr);
	if (likely(area && area->start == addr && area->kind == kind && area->state == VM_LIVE)) {
		area->state = VM_DYING;
		spin_unlock(&vmap_lock);
		return area;
	}
	if (area)
		copy = *area;
	spin_unlock(&vmap_lock);
	report_misuse(addr, kind, who, caller, area ? &copy : NULL);
	return NULL;
}

/* ---- for everyone ---------------------------------------------------------------------------- */

static void *__vmalloc(size_t size, gfp_t gfp, const void *caller)
{
	struct vmap_area *area;

	if (should_fail_alloc(FAIL_VMALLOC) || size >> PAGE_SHIFT > nr_managed_pages())
		return NULL;
	area = get_vm_area_pages(size, VM_ALLOC, gfp, caller);
	return area ? (void *)area->start : NULL;
}

void *vmalloc(size_t size)
{
	return __vmalloc(size, GFP_KERNEL, __builtin_return_address(0));
}

void *vzalloc(size_t size)
{
	return __vmalloc(size, GFP_KERNEL | __GFP_ZERO, __builtin_return_address(0));
}

static void free_area_at(const void *addr, enum vm_kind kind, const void *caller)
{
	struct vmap_area *area;

	if (!addr)
		return;
	area = claim_vm_area((virt_addr_t)addr, kind, kinds[kind].undo, caller);
	if (area)
		release_vm_area(area);
}

void vfree(const void *addr)
{
	free_area_at(addr, VM_ALLOC, __builtin_return_address(0));
}

/* No mapping may be writable and executable, or ring 3's. */
static bool prot_allowed(u64 prot)
{
	if (!(prot & _PAGE_PRESENT) || (prot & (_PAGE_USER | _PAGE_PSE)))
		return false;
	return !(prot & _PAGE_RW) || (prot & _PAGE_NX);
}

void *vmap(struct page **pages, unsigned int n, u64 prot)
{
	struct vmap_area *area;

	if (!pages || !n)
		return NULL;
	if (!prot_allowed(prot)) {
		pr_err("vmap by %pS refused: %#llx is writable code, or not the kernel's\n",
		       __builtin_return_address(0), prot);
		return NULL;
	}
	if (should_fail_alloc(FAIL_VMALLOC))
		return NULL;
	area = get_vm_area((u64)n << PAGE_SHIFT, VM_MAP, __builtin_return_address(0));
	if (area && fill(area, pages, 0, prot)) {
		release_vm_area(area);
		area = NULL;
	}
	return area ? (void *)area->start : NULL;
}

void vunmap(const void *addr)
{
	free_area_at(addr, VM_MAP, __builtin_return_address(0));
}

/* ---- questions ------------------------------------------------------------------------------- */

const struct vmap_area *find_vm_area(virt_addr_t addr)
{
	return vmap_area_find(&space, addr);
}

bool is_vmalloc_addr(const void *addr)
{
	return find_vm_area((virt_addr_t)addr) != NULL;
}

unsigned long vmalloc_nr_pages(void)
{
	return READ_ONCE(nr_pages);
}

bool vm_area_above(virt_addr_t addr, struct vmap_area *copy)
{
	struct vmap_area *area;

	spin_lock(&vmap_lock);
	area = vmap_area_above(&space, addr);
	if (area)
		*copy = *area;
	spin_unlock(&vmap_lock);
	return area != NULL;
}

void vm_region_usage(unsigned long *nr_areas, u64 *largest)
{
	spin_lock(&vmap_lock);
	*nr_areas = space.nr;
	*largest = vmap_largest_gap(&space);
	spin_unlock(&vmap_lock);
}

/* The first page stays free: the lowest area has a guard page below it like all others. */
void __init vmalloc_init(void)
{
	vmap_space_init(&space, VMALLOC_START + VMAP_GUARD_SIZE, VMALLOC_END);
	kernel_stack_init();
}
