/*
 * Operations on slab caches and kmalloc, misuse among them, four bytes each, against the model of
 * tests/slab_model.h, which is asked after every one; at the end every page must be back.
 *
 * Sources: mm/slab.c mm/slab_page.c mm/slab_cache.c mm/slab_debug.c mm/slab_check.c mm/slab_report.c mm/kmalloc.c
 * Sources: mm/page_alloc.c mm/page_contig.c mm/page_init.c mm/buddy.c mm/mm_init.c mm/page_report.c mm/shrinker.c mm/fault_inject.c mm/memblock.c
 * Sources: lib/kstrtox.c lib/glob.c tests/host/shim_pages.c
 * Options: -max_len=120
 */
#include <tests/fuzz/fuzz.h>

#include <tests/host/shim_pages.h>
#include <tests/slab_checks.h>
#include <tests/slab_model.h>

static void check(const char *message)
{
	if (message[0])
		panic("%s", message);
}

static void start(void)
{
	host_page_alloc_init(MiB(64));
	kmem_cache_init();
	slab_warm_up();
}

/* The first byte chooses what is debugged. */
static u32 flags_of(u8 byte)
{
	return (byte & 1 ? SLAB_POISON : 0) | (byte & 2 ? SLAB_RED_ZONE : 0) |
	       (byte & 4 ? SLAB_STORE_USER : 0) | (byte & 8 ? SLAB_CONSISTENCY_CHECKS : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct slab_model model;
	static unsigned long pages;
	struct fuzz_input in = {data, size};

	if (!pages) {
		start();
		pages = slab_free_after_shrinking();
	}
	check(slab_model_init(&model, flags_of(fuzz_u8(&in))));
	model.misuse = true;
	while (in.left) {
		u32 what = fuzz_u8(&in), which = fuzz_u8(&in), amount = fuzz_u8(&in);

		check(slab_model_step(&model, what, which, amount << 8 | fuzz_u8(&in)));
		check(slab_model_check(&model));
	}
	check(slab_model_check_objects(&model));
	check(slab_model_end(&model));
	fail_alloc_nth(FAIL_SLAB, 0);
	BUG_ON(slab_free_after_shrinking() != pages);
	return 0;
}
