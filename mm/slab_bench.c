/* What an object costs: the rows cache_* and kmalloc_* of docs/bench/rows.tsv. Warm: the warm-up fills the magazines. */
#include <lib/bench.h>
#include <lib/bug.h>
#include <mm/slab.h>

static struct kmem_cache *bench_cache(size_t size)
{
	struct kmem_cache *cache = kmem_cache_create("bench", size, 0, 0, NULL);

	BUG_ON(!cache);
	return cache;
}

/* The slabs and the magazine are made outside of what is measured. */
static void cache_pair(struct bench_state *b, size_t size)
{
	struct kmem_cache *cache = bench_cache(size);

	kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
	BENCH_LOOP(b, 100)
	{
		void *obj = kmem_cache_alloc(cache, GFP_KERNEL);

		kmem_cache_free(cache, obj);
	}
	kmem_cache_destroy(cache);
}

BENCH(slab, cache_64)
{
	cache_pair(b, 64);
}

BENCH(slab, cache_256)
{
	cache_pair(b, 256);
}

BENCH(slab, cache_1024)
{
	cache_pair(b, 1024);
}

#define BATCH 1000
static void *batch[BATCH];

BENCH(slab, cache_64_batch_alloc)
{
	struct kmem_cache *cache = bench_cache(64);
	void **at = batch;

	BENCH_LOOP(b, BATCH)
	{
		*at++ = kmem_cache_alloc(cache, GFP_KERNEL);
	}
	while (at > batch)
		kmem_cache_free(cache, *--at);
	kmem_cache_destroy(cache);
}

BENCH(slab, cache_64_batch_free)
{
	struct kmem_cache *cache = bench_cache(64);
	void **at = batch;

	for (int i = 0; i < BATCH; i++)
		batch[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	BENCH_LOOP(b, BATCH)
	{
		kmem_cache_free(cache, *at++);
	}
	kmem_cache_destroy(cache);
}

static void kmalloc_pair(struct bench_state *b, size_t size)
{
	kfree(kmalloc(size, GFP_KERNEL));
	BENCH_LOOP(b, 100)
	{
		void *obj = kmalloc(size, GFP_KERNEL);

		kfree(obj);
	}
}

BENCH(slab, kmalloc_32)
{
	kmalloc_pair(b, 32);
}

BENCH(slab, kmalloc_128)
{
	kmalloc_pair(b, 128);
}

BENCH(slab, kmalloc_2048)
{
	kmalloc_pair(b, 2048);
}
