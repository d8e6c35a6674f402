/*
 * Random memory maps against the shadow model: three bytes an entry.
 *
 * Sources: mm/memmap.c
 * Options: -max_len=300
 */
#include <tests/fuzz/fuzz.h>
#include <tests/memmap_model.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memmap map;
	struct memmap_model model = {0};
	struct fuzz_input in = {data, size};

	map.nr = 0;
	map.dropped = 0;
	while (in.left) {
		u32 cell = fuzz_u8(&in), count = fuzz_u8(&in), type = fuzz_u8(&in);

		model_add(&model, &map, cell, count, 1 + type % 8);
	}
	memmap_sanitize(&map);
	BUG_ON(map.dropped);
	BUG_ON(check_order(&map)[0]);
	BUG_ON(check_exact(&model, &map)[0]);
	return 0;
}
