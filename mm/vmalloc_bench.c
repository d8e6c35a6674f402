/* What an area costs: the row vmalloc_1 of docs/bench/rows.tsv. */
#include <lib/bench.h>
#include <mm/vmalloc.h>

BENCH(vmalloc, vmalloc_1)
{
	BENCH_LOOP(b, 100)
	{
		vfree(vmalloc(PAGE_SIZE));
	}
}
