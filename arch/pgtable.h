/*
 * 4-level page tables: walk, map, unmap, protect and split, on any table. It knows entries,
 * not policy: who may map what is decided above. SDM vol. 3, 4.5.
 *
 * A table is named by its PML4 (a pointer into the direct map). Table pages come from and go
 * to the functions in struct pgtable_ops. The caller holds whatever lock protects the table,
 * and flushes the TLB of other CPUs; these functions flush this CPU's, when the table is the
 * loaded one.
 */
#ifndef ARCH_PGTABLE_H
#define ARCH_PGTABLE_H

#include <arch/page.h>

typedef u64 pte_t;

/* Kernel mappings: W^X by construction, none is both writable and executable. */
#define PAGE_KERNEL \
	(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL | _PAGE_NX)
#define PAGE_KERNEL_RO	    (_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_GLOBAL | _PAGE_NX)
#define PAGE_KERNEL_ROX	    (_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_GLOBAL)
/* PAT entries as the CPU powers up, except that entry 1 is made write-combining (mm/paging.c). */
#define PAGE_KERNEL_NOCACHE (PAGE_KERNEL | _PAGE_PCD | _PAGE_PWT)
#define PAGE_KERNEL_WC	    (PAGE_KERNEL | _PAGE_PWT)

/* Bits an entry may have on this CPU: without NX, bit 63 is reserved and must stay clear. */
extern u64 supported_pte_mask;
/* Largest page the CPU maps: PMD_SHIFT, or PUD_SHIFT with 1 GiB pages. */
extern unsigned int max_page_shift;

struct pgtable_ops {
	pte_t *(*alloc)(void); /* one zeroed page in the direct map, NULL: no memory */
	void (*free)(pte_t *table);
};

/* The entry that decides about an address, and the size it decides about. */
struct pt_walk {
	pte_t *entry;	    /* the last one read; never NULL */
	unsigned int shift; /* 39, 30, 21 or 12: level of that entry */
	bool mapped;	    /* it is present and a leaf */
	pte_t seen[4];	    /* entries by level: [0] PML4 ... [3] PT; those not reached are 0 */
};

void pgtable_walk(pte_t *pml4, virt_addr_t virt, struct pt_walk *walk);

/*
 * Map [virt, virt+size) to phys with the bits of prot, with the largest pages that alignment
 * and max_shift allow. All page aligned. Nothing may be mapped there yet. 0; -ENOMEM (what was
 * mapped stays: call pgtable_unmap); -EEXIST; -EINVAL unaligned or not canonical.
 */
int pgtable_map(const struct pgtable_ops *ops, pte_t *pml4, virt_addr_t virt, phys_addr_t phys,
		u64 size, u64 prot, unsigned int max_shift);
/*
 * The entry for the 4 KiB page at virt; those of the pages after it follow in memory up to the
 * next 2 MiB boundary. For those who fill or clear many entries, with frames of their own
 * choice; they flush. lookup: NULL when there is no table, or a large page. The other makes
 * tables (for user addresses if prot says so) and splits large pages on the way; NULL: no
 * memory.
 */
pte_t *pgtable_lookup_pte(pte_t *pml4, virt_addr_t virt);
pte_t *pgtable_pte(const struct pgtable_ops *ops, pte_t *pml4, virt_addr_t virt, u64 prot);
/*
 * Unmap [virt, virt+size), splitting large pages at the edges; holes are skipped. Tables stay.
 * 0 or -ENOMEM.
 */
int pgtable_unmap(const struct pgtable_ops *ops, pte_t *pml4, virt_addr_t virt, u64 size);
/* Give the mapped pages of the range the bits of prot; the same rules. 0 or -ENOMEM. */
int pgtable_protect(const struct pgtable_ops *ops, pte_t *pml4, virt_addr_t virt, u64 size,
		    u64 prot);
/*
 * Free each table below the PML4 whose whole span lies in [virt, virt+size), where nothing is
 * mapped any more (so a range that goes from one mapping to the next frees most). Page
 * aligned. A CPU may still have the way through a table cached: if the PML4 is in use,
 * ops->free keeps it until a flush. Not for the kernel's half: its tables stay, so that a
 * fault handler may walk them at any time without a lock.
 */
void pgtable_free_tables(const struct pgtable_ops *ops, pte_t *pml4, virt_addr_t virt, u64 size);

/*
 * Visit every mapping in address order, equal neighbours merged: same protection, same page size,
 * physically contiguous. fn returns false to stop. The upper half is given as canonical addresses.
 */
struct pt_run {
	virt_addr_t virt;
	phys_addr_t phys;
	u64 size;
	u64 prot; /* leaf bits, RW and USER combined and NX gathered over the levels */
	unsigned int shift;
};
void pgtable_for_each_run(pte_t *pml4, bool (*fn)(void *ctx, const struct pt_run *run), void *ctx);

/* The loaded PML4, through the direct map. */
pte_t *current_pml4(void);
/* Load a PML4; all but global entries of the TLB go. */
void load_pml4(const pte_t *pml4);

#endif
