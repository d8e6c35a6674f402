/*
 * Physical memory on the host: a terabyte of addresses in which a frame becomes memory when it is touched, and the
 * array of its struct pages, in which only what vmemmap_populate() was asked for can be touched. For tests of
 * what stands on struct page. Name tests/host/shim_pages.c among the Sources.
 */
#ifndef TESTS_HOST_SHIM_PAGES_H
#define TESTS_HOST_SHIM_PAGES_H

#include <mm/memblock.h>
#include <mm/page_alloc.h>

/* No frame has a struct page any more, and every byte of memory is 0. Before anything else. */
void host_pages_reset(void);
/* Struct pages for [start, end), rounded out to blocks of the largest order, paid by nobody. */
void host_make_struct_pages(pfn_t start, pfn_t end);

/*
 * A machine whose memory is [1 MiB, 1 MiB + bytes), in the page allocator's hands. Needs these Sources, too:
 * mm/page_alloc.c mm/page_contig.c mm/page_init.c mm/buddy.c mm/mm_init.c mm/page_report.c mm/shrinker.c mm/fault_inject.c mm/memblock.c lib/kstrtox.c
 */
static inline void host_page_alloc_init(u64 bytes)
{
	host_pages_reset();
	memblock_reset();
	memblock_add(MiB(1), bytes);
	page_alloc_init();
}

#endif
