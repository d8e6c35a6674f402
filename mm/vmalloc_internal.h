/* Areas, as those see them who make some (vmalloc, ioremap, stacks), and nobody else. */
#ifndef MM_VMALLOC_INTERNAL_H
#define MM_VMALLOC_INTERNAL_H

#include <mm/gfp.h>
#include <mm/vmalloc.h>
#include <mm/vmap_area.h>

enum vm_kind {
	VM_ALLOC,
	VM_MAP,
	VM_IOREMAP,
	VM_STACK,
	NR_VM_KINDS,
};

enum vm_state {
	VM_LIVE,
	VM_CACHED, /* a stack that waits for its next thread */
	VM_DYING,  /* claimed by whoever takes it apart: it is his alone */
};

/* "vmalloc", ... */
const char *vm_kind_name(u8 kind);

/*
 * `size` bytes of addresses, rounded up to whole pages, with nothing mapped yet. NULL: size 0,
 * no room, no memory to note it in. The entries of an area are its maker's, to fill from the
 * bottom up; no lock needed.
 */
struct vmap_area *get_vm_area(u64 size, enum vm_kind kind, const void *caller);
/* get_vm_area() filled with new pages of its own. gfp: __GFP_ZERO counts. */
struct vmap_area *get_vm_area_pages(u64 size, enum vm_kind kind, gfp_t gfp, const void *caller);
/* Map the area to physical addresses from phys on. 0 or -ENOMEM; then release_vm_area(). */
int map_vm_area_phys(struct vmap_area *area, phys_addr_t phys, u64 prot);
/*
 * The live area of this kind that begins at addr, now VM_DYING. NULL: it is none, and `who`,
 * called by `caller`, was reported for it.
 */
struct vmap_area *claim_vm_area(virt_addr_t addr, enum vm_kind kind, const char *who,
				const void *caller);
/*
 * Unmap a claimed area, or one that could not be filled; free its pages if they are its own;
 * forget it.
 */
void release_vm_area(struct vmap_area *area);

/*
 * A copy of the first area that ends above addr. false: there is none. How to go through all
 * without holding the lock: go on from copy->end.
 */
bool vm_area_above(virt_addr_t addr, struct vmap_area *copy);
/* The area that contains addr. Any context, without the lock: see vmap_area_find(). */
const struct vmap_area *find_vm_area(virt_addr_t addr);
/* Free this CPU's cached stacks. */
void drain_stack_cache(void);
/* Backtraces know the stacks from here on. */
void kernel_stack_init(void);
/* Areas, and the largest that could be made now. */
void vm_region_usage(unsigned long *nr_areas, u64 *largest);

#endif
