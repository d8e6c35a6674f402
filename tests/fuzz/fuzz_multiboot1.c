/*
 * Multiboot 1 information of random bytes at address 0: the input is all the memory there is.
 *
 * Sources: boot/multiboot1.c boot/parse.c mm/memmap.c
 * Options: -max_len=1024
 */
#include <tests/fuzz/fuzz.h>
#include <tests/host/boot_check.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_info bi;
	struct phys phys = {.bytes = (u8 *)(uintptr_t)data, .size = size};

	if (boot_parse(multiboot1_parse, &phys, 0, &bi) == 0)
		boot_check(&bi);
	return 0;
}
