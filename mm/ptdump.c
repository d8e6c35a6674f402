/*
 * The `pt` command: page tables for people. With an address, the walk that the CPU makes,
 * level by level; without one, everything that is mapped, equal neighbours in one line. SDM
 * vol. 3, 4.5 and 12.12. Linux: mm/ptdump.c.
 */
#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/pgtable.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/kstrtox.h>
#include <lib/symtab.h>
#include <lib/vsprintf.h>
#include <mm/mm.h>
#include <mm/vmalloc_internal.h>

#define MSR_IA32_PAT	 0x277
#define PAT_AT_POWER_UP	 0x0007040600070406ULL
#define _PAGE_PAT	 BIT(7)	 /* of a 4 KiB page, where larger ones have _PAGE_PSE */
#define _PAGE_PAT_LARGE	 BIT(12) /* of a larger page */
#define CANONICAL_UNUSED 0xffff000000000000UL

static const struct region {
	virt_addr_t start, last;
	const char *name;
} regions[] = {
	{0, 0x00007fffffffffffUL, "user half"},
	{PAGE_OFFSET, VMALLOC_START - 1, "direct map of RAM"},
	{VMALLOC_START, VMALLOC_END - 1, "vmalloc: areas, devices, stacks"},
	{VMEMMAP_START, VMEMMAP_START + (1UL << 40) - 1, "vmemmap: struct page array"},
	{KERNEL_MAP, KERNEL_MAP + KERNEL_MAP_SIZE - 1, "kernel image"},
};

static const char *region_name(virt_addr_t addr)
{
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
		if (addr >= regions[i].start && addr <= regions[i].last)
			return regions[i].name;
	return "no region";
}

/* ---- what the bits say ----------------------------------------------------------------------- */

/* PWT, PCD and PAT together are the number of a byte in IA32_PAT. */
static const char *memory_type(u64 entry, unsigned int shift)
{
	static const char *const types[8] = {"UC", "WC", "?2", "?3", "WT", "WP", "WB", "UC-"};
	u64 pat = cpu_has(X86_FEATURE_PAT) ? rdmsr(MSR_IA32_PAT) : PAT_AT_POWER_UP;
	u64 pat_bit = shift == PAGE_SHIFT ? _PAGE_PAT : _PAGE_PAT_LARGE;
	unsigned int index = (entry & _PAGE_PWT ? 1 : 0) + (entry & _PAGE_PCD ? 2 : 0) +
			     (entry & pat_bit ? 4 : 0);

	return types[pat >> (8 * index) & 7];
}

static const char *page_size_name(unsigned int shift)
{
	return shift == PAGE_SHIFT ? "4K" : shift == PMD_SHIFT ? "2M" : "1G";
}

/* "rwx", '-' for what may not be done; a page that is present can be read. */
static void rights(char text[4], u64 prot)
{
	text[0] = 'r';
	text[1] = prot & _PAGE_RW ? 'w' : '-';
	text[2] = prot & _PAGE_NX ? '-' : 'x';
	text[3] = '\0';
}

/* ---- one address ----------------------------------------------------------------------------- */

static const struct flag {
	u64 bit;
	const char *name;
} flags[] = {
	{_PAGE_PRESENT, "P"}, {_PAGE_RW, "RW"},	   {_PAGE_USER, "US"},
	{_PAGE_PWT, "PWT"},   {_PAGE_PCD, "PCD"},  {_PAGE_ACCESSED, "A"},
	{_PAGE_DIRTY, "D"},   {_PAGE_GLOBAL, "G"}, {_PAGE_NX, "XD"},
};

static void show_entry(unsigned int level, virt_addr_t virt, u64 entry)
{
	static const char *const names[] = {"PML4", "PDPT", "PD", "PT"};
	unsigned int shift = PGD_SHIFT - 9 * level;
	bool leaf = shift == PAGE_SHIFT || (entry & _PAGE_PSE);
	char where[16];

	scnprintf(where, sizeof(where), "%s[%lu]", names[level],
		  virt >> shift & (PTRS_PER_TABLE - 1));
	con_printf("  %-10s %016llx", where, entry);
	if (entry & _PAGE_PRESENT)
		con_printf("  %s %#llx ", leaf ? "page " : "table",
			   entry & PTE_PFN_MASK & (leaf ? ~((1ULL << shift) - 1) : ~0ULL));
	else
		con_printf("  nothing");
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (entry & flags[i].bit)
			con_printf(" %s", flags[i].name);
	if ((entry & _PAGE_PRESENT) && leaf)
		con_printf("%s %s", shift > PAGE_SHIFT ? " PS" : "", memory_type(entry, shift));
	con_printf("\n");
}

/* What the levels allow together: a right must be granted by all, XD once is enough. */
static u64 combined(const struct pt_walk *walk)
{
	u64 all = ~0ULL, any = 0;

	for (unsigned int level = 0; level <= (PGD_SHIFT - walk->shift) / 9; level++) {
		all &= walk->seen[level];
		any |= walk->seen[level];
	}
	return (all & (_PAGE_RW | _PAGE_USER)) | (any & _PAGE_NX);
}

/*
 * A page between two areas is the guard of both; to run off a stack downwards is the likelier
 * way into it.
 */
static void show_area_of(virt_addr_t virt)
{
	const struct vmap_area *area = find_vm_area(virt), *above = find_vm_area(virt + PAGE_SIZE);
	const char *where = "in";

	if (!area && above && above->kind == VM_STACK) {
		area = above;
		where = "the guard page below";
	} else if (!area) {
		area = find_vm_area(virt - VMAP_GUARD_SIZE);
		where = "the guard page after";
	}
	if (area)
		con_printf("  %s the %s area made by %pS\n", where, vm_kind_name(area->kind),
			   area->caller);
}

static int show_address(virt_addr_t virt)
{
	virt_addr_t high = virt & CANONICAL_UNUSED;
	struct pt_walk walk;
	struct symbol sym;
	char text[4];
	u64 offset;

	if (high != (virt & BIT(47) ? CANONICAL_UNUSED : 0)) {
		con_printf("%016lx is not canonical: bits 63 to 48 must repeat bit 47\n", virt);
		return -EFAULT;
	}
	con_printf("%016lx, %s", virt, region_name(virt));
	if (symbol_at(virt, &sym))
		con_printf(", %pS", (void *)virt);
	con_printf("\n  CR3        %016lx\n", read_cr3());
	pgtable_walk(current_pml4(), virt, &walk);
	for (unsigned int level = 0; level <= (PGD_SHIFT - walk.shift) / 9; level++)
		show_entry(level, virt, walk.seen[level]);
	offset = virt & ((1UL << walk.shift) - 1);
	if (walk.mapped) {
		rights(text, combined(&walk));
		con_printf("  physical %#llx, %s for %s\n",
			   (*walk.entry & PTE_PFN_MASK & ~((1ULL << walk.shift) - 1)) + offset,
			   text, combined(&walk) & _PAGE_USER ? "ring 3 too" : "the kernel");
	} else {
		con_printf("  not mapped\n");
	}
	show_area_of(virt);
	return 0;
}

/* ---- everything ------------------------------------------------------------------------------ */

/*
 * The line being gathered: runs that follow each other in virtual addresses and are alike in
 * all but where they lie.
 */
struct layout {
	struct pt_run line; /* size 0: none */
	unsigned int pieces;
	const char *region;
	u64 total;
};

static void show_line(struct layout *l)
{
	const struct pt_run *line = &l->line;
	const char *region = region_name(line->virt);
	virt_addr_t last = line->virt + line->size - 1;
	char text[4];

	if (!line->size)
		return;
	if (region != l->region)
		con_printf("%s\n", region);
	l->region = region;
	rights(text, line->prot);
	con_printf("  %016lx-%016lx %10llu KiB  %s %s%s%s %-3s", line->virt, last, line->size >> 10,
		   page_size_name(line->shift), text, line->prot & _PAGE_USER ? " u" : "",
		   line->prot & _PAGE_GLOBAL ? " g" : "",
		   memory_type(line->prot & (_PAGE_PWT | _PAGE_PCD), line->shift));
	if (l->pieces > 1)
		con_printf(" %u pieces\n", l->pieces);
	else
		con_printf(" %#llx\n", line->phys);
	l->total += line->size;
}

static bool add_run(void *ctx, const struct pt_run *run)
{
	struct layout *l = ctx;

	if (l->line.size && l->line.virt + l->line.size == run->virt && l->line.prot == run->prot &&
	    l->line.shift == run->shift) {
		l->line.size += run->size;
		l->pieces++;
		return true;
	}
	show_line(l);
	l->line = *run;
	l->pieces = 1;
	return !con_break();
}

static int show_layout(void)
{
	struct layout layout = {0};

	pgtable_for_each_run(current_pml4(), add_run, &layout);
	show_line(&layout);
	con_printf("%llu KiB mapped\n", layout.total >> 10);
	return 0;
}

/* A symbol, or a number; hexadecimal without 0x as other tools print it. */
static int parse_virt(const char *text, virt_addr_t *virt)
{
	struct symbol sym;
	u64 value;

	if (symbol_named(text, &sym))
		value = sym.addr;
	else if (kstrtou64(text, 0, &value) && kstrtou64(text, 16, &value))
		return -EINVAL;
	*virt = value;
	return 0;
}

static int cmd_pt(int argc, char **argv)
{
	virt_addr_t virt;

	if (argc == 1)
		return show_layout();
	if (argc != 2 || parse_virt(argv[1], &virt))
		return -EINVAL;
	return show_address(virt);
}
COMMAND("pt", "[ADDR|NAME]", "page tables: the walk for an address, or everything mapped", cmd_pt);
