/*
 * Physical memory on the host: two regions of addresses, and vmemmap_populate() as mm/vmemmap.c has it, but
 * with mprotect() in the place of page tables. It asks for as many pages as the real one, tables too,
 * so that what pays for them is put to the test.
 */
#include <tests/host/libc.h>

#include <arch/extable.h>
#include <arch/pgtable.h>
#include <lib/console.h>
#include <lib/cpumask.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/mm_init.h>
#include <tests/host/shim_pages.h>

#include <unistd.h>

#define VMEMMAP_SIZE (1UL << VMEMMAP_SHIFT)
#define BLOCK_BYTES  (BLOCK_PAGES * sizeof(struct page))
#define NR_BLOCKS    (VMEMMAP_SIZE / BLOCK_BYTES)

virt_addr_t host_direct_map, host_vmemmap;

/* One CPU; lib/cpumask.c, when it is part of the program, knows better. */
__attribute__((weak)) u32 nr_cpu_ids = 1;
__attribute__((weak)) struct cpumask cpu_online_mask = {{1}};

static bool block_made[NR_BLOCKS];
static bool table_made[3][VMEMMAP_SIZE >> PMD_SHIFT]; /* by level: page tables, PMDs, PUD */

static void *reserve(void *where, size_t size, int prot, int flags)
{
	void *p =
		mmap(where, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

	if (p == MAP_FAILED) {
		perror("shim_pages: mmap");
		abort();
	}
	return p;
}

void host_pages_reset(void)
{
	if (!host_direct_map) {
		host_direct_map =
			(virt_addr_t)reserve(NULL, DIRECT_MAP_SIZE, PROT_READ | PROT_WRITE, 0);
		host_vmemmap = ALIGN((virt_addr_t)reserve(NULL, 2 * VMEMMAP_SIZE, PROT_NONE, 0),
				     VMEMMAP_SIZE);
	}
	madvise((void *)host_direct_map, DIRECT_MAP_SIZE, MADV_DONTNEED);
	reserve((void *)host_vmemmap, VMEMMAP_SIZE, PROT_NONE, MAP_FIXED);
	libc_memset(block_made, 0, sizeof(block_made));
	libc_memset(table_made, 0, sizeof(table_made));
}

static size_t block_of(pfn_t pfn)
{
	return pfn / BLOCK_PAGES;
}

static void make_block(size_t block)
{
	if (mprotect((void *)(host_vmemmap + block * BLOCK_BYTES), BLOCK_BYTES,
		     PROT_READ | PROT_WRITE))
		abort();
	block_made[block] = true;
}

void host_make_struct_pages(pfn_t start, pfn_t end)
{
	for (size_t block = block_of(start); block <= block_of(end - 1); block++)
		make_block(block);
}

/* The tables on the way to a block that are not there yet. false: no memory for one. */
static bool pay_for_tables(size_t block, const struct pgtable_ops *ops)
{
	for (unsigned int level = 0; level < 3; level++) {
		bool *made = &table_made[level][block * BLOCK_BYTES >> (PMD_SHIFT + 9 * level)];

		if (!*made && !ops->alloc())
			return false;
		*made = true;
	}
	return true;
}

/* What the kernel pays for with pages of its own. */
static pte_t *pay_from_elsewhere(void)
{
	return reserve(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, 0);
}

const struct pgtable_ops kernel_pgtable_ops = {.alloc = pay_from_elsewhere};

int vmemmap_populate(pfn_t start, pfn_t end, const struct pgtable_ops *ops)
{
	for (size_t block = block_of(start); block <= block_of(end - 1); block++) {
		if (block_made[block])
			continue;
		for (size_t i = 0; i < BLOCK_BYTES / PAGE_SIZE; i++)
			if (!ops->alloc())
				return -ENOMEM;
		if (!pay_for_tables(block, ops))
			return -ENOMEM;
		make_block(block);
	}
	return 0;
}

bool pfn_valid(pfn_t pfn)
{
	return pfn < NR_BLOCKS * BLOCK_PAGES && block_made[block_of(pfn)];
}

/* ---- pointers that may be anything ------------------------------------------------------------------- */

/* write() says EFAULT where a load would be the end. */
static bool kernel_can_read(const void *p, size_t n)
{
	static int ends[2];
	u8 sink[64];
	ssize_t done;

	if (!ends[1] && pipe(ends))
		abort();
	done = write(ends[1], p, min(n, sizeof(sink)));
	return done > 0 && read(ends[0], sink, (size_t)done) == done && (size_t)done == n;
}

bool host_readable(const void *p, size_t n)
{
	virt_addr_t offset = (virt_addr_t)p - host_vmemmap;

	if (offset < VMEMMAP_SIZE - n)
		return block_made[offset / BLOCK_BYTES] &&
		       block_made[(offset + n - 1) / BLOCK_BYTES];
	return kernel_can_read(p, n);
}

int copy_from_kernel_nofault(void *dst, const void *src, size_t n)
{
	if (!host_readable(src, n))
		return -EFAULT;
	memcpy(dst, src, n);
	return 0;
}

/* Reports say when something happened. There is no clock here. */
static u64 no_clock(u64 cycles)
{
	(void)cycles;
	return 0;
}

u64 (*printk_cycles_to_ns)(u64 cycles) = no_clock;

/* Some of what is tested has commands, which nobody gives here. */
int con_printf(const char *fmt, ...)
{
	(void)fmt;
	return 0;
}
