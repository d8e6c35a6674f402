/*
 * Page-table library. One function, entry_for(), finds or makes the entry of a
 * level; map, unmap and protect are loops over it. Sizes shrink from 1 GiB to
 * 4 KiB as alignment demands, and a large page that is cut is split first, so no
 * step ever changes more than was asked for. SDM vol. 3, 4.5.
 */
#include <arch/insn.h>
#include <arch/pgtable.h>
#include <lib/errno.h>

u64 supported_pte_mask = ~0ULL;
unsigned int max_page_shift = PMD_SHIFT;

static inline unsigned int table_index(virt_addr_t virt, unsigned int shift)
{
	return (virt >> shift) & (PTRS_PER_TABLE - 1);
}

static inline pte_t *table_of(pte_t entry)
{
	return phys_to_virt(entry & PTE_PFN_MASK);
}

static inline bool is_leaf(pte_t entry, unsigned int shift)
{
	return shift == PAGE_SHIFT || (entry & _PAGE_PSE);
}

static inline u64 leaf_bits(u64 prot, unsigned int shift)
{
	return (prot | (shift > PAGE_SHIFT ? _PAGE_PSE : 0)) & supported_pte_mask;
}

pte_t *current_pml4(void)
{
	return phys_to_virt(read_cr3() & PTE_PFN_MASK);
}

void load_pml4(const pte_t *pml4)
{
	write_cr3(virt_to_phys(pml4));
}

void pgtable_walk(pte_t *pml4, virt_addr_t virt, struct pt_walk *walk)
{
	pte_t *table = pml4;

	*walk = (struct pt_walk){.shift = PGD_SHIFT};
	for (unsigned int level = 0;; level++, walk->shift -= 9) {
		pte_t *entry = &table[table_index(virt, walk->shift)];

		walk->entry = entry;
		walk->seen[level] = *entry;
		if (!(*entry & _PAGE_PRESENT))
			return;
		if (is_leaf(*entry, walk->shift)) {
			walk->mapped = true;
			return;
		}
		table = table_of(*entry);
	}
}

/* Replace a large page by a table of the next smaller size that maps the same. */
static int split_entry(const struct pgtable_ops *ops, pte_t *entry, unsigned int shift)
{
	unsigned int child = shift - 9;
	u64 bits = *entry & ~PTE_PFN_MASK & ~(u64)_PAGE_PSE;
	phys_addr_t phys = *entry & PTE_PFN_MASK & ~((1UL << shift) - 1);
	pte_t *table = ops->alloc();

	if (!table)
		return -ENOMEM;
	for (u64 i = 0; i < PTRS_PER_TABLE; i++)
		table[i] = (phys + (i << child)) | leaf_bits(bits, child);
	*entry = virt_to_phys(table) | _PAGE_PRESENT | _PAGE_RW | (bits & _PAGE_USER);
	return 0;
}

/*
 * The entry of level `shift` for virt, making tables and splitting large pages on the way down.
 * NULL with *err set when there is no memory.
 */
static pte_t *entry_for(const struct pgtable_ops *ops, pte_t *pml4, virt_addr_t virt,
			unsigned int shift, u64 user, int *err)
{
	pte_t *table = pml4;

	for (unsigned int level = PGD_SHIFT;; level -= 9) {
		pte_t *entry = &table[table_index(virt, level)];

		if (level == shift)
			return entry;
		if (!(*entry & _PAGE_PRESENT)) {
			pte_t *fresh = ops->alloc();

			*err = -ENOMEM;
			if (!fresh)
				return NULL;
			*entry = virt_to_phys(fresh) | _PAGE_PRESENT | _PAGE_RW | user;
		} else if (is_leaf(*entry, level)) {
			*err = split_entry(ops, entry, level);
			if (*err)
				return NULL;
		}
		table = table_of(*entry);
	}
}

pte_t *pgtable_lookup_pte(pte_t *pml4, virt_addr_t virt)
{
	pte_t *table = pml4;

#pragma GCC unroll 3
	for (unsigned int shift = PGD_SHIFT; shift > PAGE_SHIFT; shift -= 9) {
		pte_t entry = table[table_index(virt, shift)];

		if ((entry & (_PAGE_PRESENT | _PAGE_PSE)) != _PAGE_PRESENT)
			return NULL;
		table = table_of(entry);
	}
	return &table[table_index(virt, PAGE_SHIFT)];
}

pte_t *pgtable_pte(const struct pgtable_ops *ops, pte_t *pml4, virt_addr_t virt, u64 prot)
{
	int err = 0;

	return entry_for(ops, pml4, virt, PAGE_SHIFT, prot & _PAGE_USER, &err);
}

/* Both ends of a range in one half of the canonical space. */
static bool range_valid(virt_addr_t virt, u64 size)
{
	virt_addr_t last = virt + size - 1;

	if (!size || !IS_ALIGNED(virt | size, PAGE_SIZE) || last < virt)
		return false;
	return (long)(virt << 16) >> 16 == (long)virt && (long)(last << 16) >> 16 == (long)last &&
	       (long)(virt ^ last) >= 0;
}

static unsigned int largest_shift(u64 addresses, u64 size, unsigned int max_shift)
{
	unsigned int shift = min(max_shift, max_page_shift);

	while (shift > PAGE_SHIFT && (!IS_ALIGNED(addresses, 1UL << shift) || size < 1UL << shift))
		shift -= 9;
	return shift;
}

/*
 * n entries from *entry on, each a page further; none may be present yet. Boot maps gigabytes:
 * unrolled.
 */
static bool fill_entries(pte_t *entry, u64 n, pte_t value, u64 step)
{
#pragma GCC unroll 8
	for (u64 i = 0; i < n; i++) {
		if (entry[i] & _PAGE_PRESENT)
			return false;
		entry[i] = value;
		value += step;
	}
	return true;
}

int pgtable_map(const struct pgtable_ops *ops, pte_t *pml4, virt_addr_t virt, phys_addr_t phys,
		u64 size, u64 prot, unsigned int max_shift)
{
	int err = 0;

	if (!range_valid(virt, size) || !IS_ALIGNED(phys, PAGE_SIZE))
		return -EINVAL;
	while (size) {
		unsigned int shift = largest_shift(virt | phys, size, max_shift);
		pte_t *entry = entry_for(ops, pml4, virt, shift, prot & _PAGE_USER, &err);
		/*
		 * Only where a table ends can alignment allow larger pages: fill as far as it goes.
		 */
		u64 n = min(PTRS_PER_TABLE - (u64)table_index(virt, shift), size >> shift);

		if (!entry)
			return err;
		if (!fill_entries(entry, n, phys | leaf_bits(prot, shift), 1UL << shift))
			return -EEXIST;
		virt += n << shift;
		phys += n << shift;
		size -= n << shift;
	}
	return 0;
}

/*
 * Unmap, or give new bits to, each leaf in the range after cutting it to fit; holes are passed
 * over.
 */
static int change_range(const struct pgtable_ops *ops, pte_t *pml4, virt_addr_t virt, u64 size,
			bool unmap, u64 prot)
{
	if (!range_valid(virt, size))
		return -EINVAL;
	while (size) {
		struct pt_walk walk;
		u64 span, offset;

		pgtable_walk(pml4, virt, &walk);
		offset = virt & ((1UL << walk.shift) - 1);
		span = min((1UL << walk.shift) - offset, size);
		if (walk.mapped && span < 1UL << walk.shift) {
			int err = split_entry(ops, walk.entry, walk.shift);

			if (err)
				return err;
			invlpg((void *)virt);
			continue;
		}
		if (walk.mapped && unmap)
			*walk.entry = 0;
		else if (walk.mapped)
			*walk.entry = (*walk.entry & PTE_PFN_MASK) | leaf_bits(prot, walk.shift);
		if (walk.mapped)
			invlpg((void *)virt);
		virt += span;
		size -= span;
	}
	return 0;
}

int pgtable_unmap(const struct pgtable_ops *ops, pte_t *pml4, virt_addr_t virt, u64 size)
{
	return change_range(ops, pml4, virt, size, true, 0);
}

int pgtable_protect(const struct pgtable_ops *ops, pte_t *pml4, virt_addr_t virt, u64 size,
		    u64 prot)
{
	return change_range(ops, pml4, virt, size, false, prot);
}

/*
 * Entries of a table of level `shift` that begins at `base`: free what they point to, if
 * [start, last] holds it all.
 */
static void free_below(const struct pgtable_ops *ops, pte_t *table, virt_addr_t base,
		       unsigned int shift, virt_addr_t start, virt_addr_t last)
{
	virt_addr_t span = 1UL << shift;
	virt_addr_t from = max(base, ALIGN_DOWN(start, span));

	for (unsigned int i = table_index(from, shift); i < PTRS_PER_TABLE && from <= last;
	     i++, from += span) {
		pte_t *child;

		if (!(table[i] & _PAGE_PRESENT) || is_leaf(table[i], shift))
			continue;
		child = table_of(table[i]);
		if (shift > PMD_SHIFT)
			free_below(ops, child, from, shift - 9, start, last);
		if (from >= start && from + (span - 1) <= last) {
			table[i] = 0;
			ops->free(child);
		}
	}
}

void pgtable_free_tables(const struct pgtable_ops *ops, pte_t *pml4, virt_addr_t virt, u64 size)
{
	if (range_valid(virt, size))
		free_below(ops, pml4, 0, PGD_SHIFT, virt, virt + size - 1);
}

/* ---- visiting ------------------------------------------------------------------------------- */

struct run_visitor {
	bool (*fn)(void *ctx, const struct pt_run *run);
	void *ctx;
	struct pt_run run; /* the run being gathered; size 0: none */
	bool stopped;
};

static void emit_run(struct run_visitor *v)
{
	if (v->run.size && !v->stopped)
		v->stopped = !v->fn(v->ctx, &v->run);
	v->run.size = 0;
}

static void visit_leaf(struct run_visitor *v, virt_addr_t virt, pte_t entry, u64 prot,
		       unsigned int shift)
{
	phys_addr_t phys = entry & PTE_PFN_MASK & ~((1UL << shift) - 1);
	struct pt_run *run = &v->run;

	if (run->size && run->virt + run->size == virt && run->phys + run->size == phys &&
	    run->prot == prot && run->shift == shift) {
		run->size += 1UL << shift;
		return;
	}
	emit_run(v);
	*run = (struct pt_run){virt, phys, 1UL << shift, prot, shift};
}

/* RW and USER hold only if every level grants them; NX holds if any level sets it. */
static u64 combine_bits(u64 above, pte_t entry, unsigned int shift)
{
	u64 granted = above & entry & (_PAGE_RW | _PAGE_USER);
	u64 denied = (above | entry) & _PAGE_NX;

	if (!is_leaf(entry, shift))
		return granted | denied;
	return granted | denied | (entry & (_PAGE_PRESENT | _PAGE_PWT | _PAGE_PCD | _PAGE_GLOBAL));
}

static void visit_table(struct run_visitor *v, pte_t *table, virt_addr_t base, unsigned int shift,
			u64 above)
{
	for (unsigned long i = 0; i < PTRS_PER_TABLE && !v->stopped; i++) {
		virt_addr_t virt = base + (i << shift);
		pte_t entry = table[i];
		u64 bits;

		if (!(entry & _PAGE_PRESENT))
			continue;
		if (shift == PGD_SHIFT && i >= PTRS_PER_TABLE / 2)
			virt |= 0xffff000000000000UL;
		bits = combine_bits(above, entry, shift);
		if (is_leaf(entry, shift))
			visit_leaf(v, virt, entry, bits, shift);
		else
			visit_table(v, table_of(entry), virt, shift - 9, bits);
	}
}

void pgtable_for_each_run(pte_t *pml4, bool (*fn)(void *ctx, const struct pt_run *run), void *ctx)
{
	struct run_visitor v = {.fn = fn, .ctx = ctx};

	visit_table(&v, pml4, 0, PGD_SHIFT, _PAGE_RW | _PAGE_USER);
	emit_run(&v);
}
