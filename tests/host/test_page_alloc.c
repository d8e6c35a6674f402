/*
 * Sources: tests/page_alloc.c tests/host/shim_pages.c mm/page_alloc.c mm/page_contig.c mm/page_init.c mm/buddy.c mm/mm_init.c mm/page_report.c
 * Sources: mm/shrinker.c mm/fault_inject.c mm/memblock.c lib/kstrtox.c
 */
#include <kernel/ktest.h>
#include <tests/host/shim_pages.h>

DEFINE_KTEST_LIST;

static int make_machine(void **state)
{
	(void)state;
	host_pages_reset();
	memblock_reset();
	memblock_add(0, MiB(260));
	memblock_reserve(0, PAGE_SIZE);
	memblock_reserve(MiB(1), MiB(1));
	memblock_add(GiB(4), MiB(64));
	page_alloc_init();
	host_seed("page_alloc");
	return 0;
}

int main(void)
{
	return run_ktests("page_alloc", make_machine);
}
