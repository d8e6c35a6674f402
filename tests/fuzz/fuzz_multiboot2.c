/*
 * Multiboot 2 information of random bytes at address 0: the input is all the memory there is.
 * Unless its first byte says otherwise the total size is right, so that most inputs reach the
 * tags.
 *
 * Sources: boot/multiboot2.c boot/parse.c mm/memmap.c drivers/acpi/tables.c
 * Options: -max_len=1024
 */
#include <tests/fuzz/fuzz.h>
#include <tests/host/boot_check.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_info bi;
	static u8 memory[1024];
	struct phys phys = {.bytes = memory, .size = size};
	u32 total_size = (u32)size;

	if (size > sizeof(memory))
		return 0;
	libc_memcpy(memory, data, size);
	if (size >= 8 && data[0] % 8)
		libc_memcpy(memory, &total_size, sizeof(total_size));
	if (boot_parse(multiboot2_parse, &phys, 0, &bi) == 0)
		boot_check(&bi);
	return 0;
}
