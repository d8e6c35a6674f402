/* What a page costs: the rows page_* of docs/bench/rows.tsv. Warm: the CPU's list and the lists of the zone are filled by the warm-up. */
#include <lib/bench.h>
#include <mm/page_alloc.h>

static void pair(struct bench_state *b, unsigned int order)
{
	BENCH_LOOP(b, 100)
	{
		struct page *page = alloc_pages(GFP_KERNEL, order);

		__free_pages(page, order);
	}
}

BENCH(page, page_o0)
{
	pair(b, 0);
}

BENCH(page, page_o3)
{
	pair(b, 3);
}

BENCH(page, page_o9)
{
	pair(b, 9);
}

#define BATCH 512
static struct page *batch[BATCH];

static void alloc_batch(void)
{
	for (int i = 0; i < BATCH; i++)
		batch[i] = alloc_pages(GFP_KERNEL, 0);
}

static void free_batch(void)
{
	for (int i = 0; i < BATCH; i++)
		__free_pages(batch[i], 0);
}

BENCH(page, page_o0_batch_alloc)
{
	int i = 0;

	BENCH_LOOP(b, BATCH)
	{
		batch[i++] = alloc_pages(GFP_KERNEL, 0);
	}
	free_batch();
}

BENCH(page, page_o0_batch_free)
{
	int i = 0;

	alloc_batch();
	BENCH_LOOP(b, BATCH)
	{
		__free_pages(batch[i++], 0);
	}
}
