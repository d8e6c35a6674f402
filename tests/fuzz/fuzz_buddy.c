/*
 * Operations on a zone, three bytes each, against the shadow model, which is asked now and then: that is what takes time.
 *
 * Sources: mm/buddy.c tests/host/shim_pages.c
 * Options: -max_len=192
 */
#include <tests/fuzz/fuzz.h>

#include <tests/buddy_model.h>
#include <tests/host/shim_pages.h>

#define BASE   (1UL << 20)
#define FRAMES 1024u

static void check(const char *message)
{
	if (message[0])
		panic("%s", message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buddy_model model;
	static struct zone zone;
	struct fuzz_input in = {data, size};
	u32 from, to;

	if (!model.zone) {
		host_pages_reset();
		host_make_struct_pages(BASE, BASE + FRAMES);
	}
	from = fuzz_u8(&in);
	to = FRAMES - fuzz_u8(&in);
	model_init(&model, &zone, BASE, FRAMES);
	model_add(&model, from, to);
	while (in.left) {
		u32 what = fuzz_u8(&in), which = fuzz_u8(&in);

		check(model_step(&model, what, which << 8 | fuzz_u8(&in)));
		if (what / 8 % 8 == 0)
			check(model_check(&model));
	}
	check(model_check(&model));
	model_free_all(&model);
	check(model_check(&model));
	BUG_ON(zone.free != to - from);
	return 0;
}
