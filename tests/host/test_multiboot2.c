/*
 * Contract (boot/boot_info.h), here for Multiboot 2: the tags end in a struct boot_info; a
 * damaged one is refused with a warning, and the rest is still used.
 *
 * Sources: boot/multiboot2.c boot/parse.c mm/memmap.c drivers/acpi/tables.c
 */
#include <tests/host/boot_memory.h>

#include <lib/errno.h>

static u32 mb2_end;

/* A tag with `size` bytes of payload; returns where the payload goes. */
static u32 mb2_tag(u32 type, u32 size)
{
	u32 at = mb2_end;

	put32(at, type);
	put32(at + 4, size + 8);
	mb2_end += ALIGN(size + 8, 8);
	return at + 8;
}

static void mb2_text(u32 type, const char *text)
{
	put_text(mb2_tag(type, (u32)libc_strlen(text) + 1), text);
}

static void mb2_rsdp(u32 type, u32 len)
{
	u32 at = mb2_tag(type, len);
	u8 *rsdp = memory + (at - BASE), sum = 0;

	put_text(at, "RSD PTR ");
	rsdp[15] = len == 36 ? 2 : 0;
	for (u32 i = 0; i < 20; i++)
		sum += rsdp[i];
	rsdp[8] = -sum;
	if (len < 36)
		return;
	put32(at + 20, 36);
	sum = 0;
	for (u32 i = 0; i < 36; i++)
		sum += rsdp[i];
	rsdp[32] = -sum;
}

static void mb2_mmap_tag(u32 entry_size)
{
	static const struct memmap_entry map[] = {
		{0, 0x9fc00, 1}, {0x100000, 0xff00000, 1}, {0xfffc0000, 0x40000, 2}};
	u32 at = mb2_tag(6, 8 + 3 * entry_size);

	put32(at, entry_size);
	at += 8;
	for (u32 i = 0; i < 3; i++, at += entry_size) {
		put64(at, map[i].start);
		put64(at + 8, map[i].size);
		put32(at + 16, map[i].type);
	}
}

static void mb2_finish(void)
{
	mb2_tag(0, 0);
	put32(BASE, mb2_end - BASE);
}

static u32 mb2_grub(u32 entry_size)
{
	u32 fb;

	clear(NULL);
	mb2_end = BASE + 8;
	mb2_text(1, "test=all");
	mb2_text(2, "GRUB 2.06");
	put64(mb2_tag(3, 8 + 5), 0x0000000000300000 | 0x301000ULL << 32);
	put_text(mb2_end - 8, "mod"); /* its command line, in the last 8 bytes */
	put64(mb2_tag(4, 8), 640 | 0x10000ULL << 32);
	mb2_mmap_tag(entry_size);
	fb = mb2_tag(8, 30);
	put64(fb, 0x80000000);
	put32(fb + 8, 5120);
	put32(fb + 12, 1280);
	put32(fb + 16, 800);
	put(fb + 20, 32, 1);
	put(fb + 21, 1, 1);
	put64(fb + 24, 0x080008080810);
	mb2_tag(77, 100); /* one that we do not know */
	mb2_rsdp(15, 36);
	mb2_rsdp(14, 20);
	mb2_finish();
	return fb;
}

static void mb2_from_grub(void **state)
{
	(void)state;
	for (u32 entry_size = 24; entry_size <= 40; entry_size += 8) {
		mb2_grub(entry_size);
		parse(multiboot2_parse);
		assert_int_equal(boot_warnings, 0);
		assert_string_equal(bi.protocol, "multiboot2");
		assert_string_equal(bi.cmdline, "test=all");
		assert_string_equal(bi.loader, "GRUB 2.06");
		assert_int_equal(bi.nr_modules, 1);
		assert_int_equal(bi.modules[0].start, 0x300000);
		assert_int_equal(bi.modules[0].end, 0x301000);
		assert_string_equal(bi.modules[0].cmdline, "mod");
		check_memory(0x9fc00 + 0xff00000, 3);
		assert_int_equal(bi.framebuffer.addr, 0x80000000);
		assert_int_equal(bi.framebuffer.height, 800);
		assert_int_equal(bi.framebuffer.red_shift, 16);
		assert_int_equal(bi.framebuffer.blue_shift, 0);
		assert_int_equal(bi.framebuffer.blue_bits, 8);
		assert_int_equal(bi.rsdp_len, 36); /* the new one, although the old comes last */
		assert_int_equal(bi.info_end, mb2_end);
	}
}

static void mb2_damaged_rsdp(void **state)
{
	(void)state;
	clear(NULL);
	mb2_end = BASE + 8;
	mb2_rsdp(14, 20);
	mb2_rsdp(15, 36);
	memory[mb2_end - BASE - 10]++; /* in the new one */
	mb2_finish();
	parse(multiboot2_parse);
	assert_int_equal(boot_warnings, 1);
	assert_int_equal(bi.rsdp_len, 20);
}

static void mb2_without_a_map(void **state)
{
	(void)state;
	clear(NULL);
	mb2_end = BASE + 8;
	put64(mb2_tag(4, 8), 640 | 0x10000ULL << 32);
	mb2_finish();
	parse(multiboot2_parse);
	check_memory(KiB(640) + MiB(64), 2);
}

static void mb2_lies(void **state)
{
	u32 fb = mb2_grub(24);

	(void)state;
	put32(fb - 4, 0xffffffff); /* a tag larger than all */
	parse(multiboot2_parse);
	assert_int_equal(boot_warnings, 1);
	check_memory(0x9fc00 + 0xff00000, 3); /* what stood before it */
	assert_int_equal(bi.rsdp_len, 0);

	put32(fb - 4, 0); /* ... and one that would loop */
	parse(multiboot2_parse);
	assert_int_equal(boot_warnings, 1);

	put32(fb - 4, 38);
	put(fb + 21, 7, 1); /* no such type of framebuffer */
	parse(multiboot2_parse);
	assert_int_equal(boot_warnings, 1);
	assert_int_equal(bi.framebuffer.addr, 0);
	assert_int_equal(bi.rsdp_len, 36);

	mb2_grub(16); /* memory map entries too small to hold one */
	parse(multiboot2_parse);
	assert_int_equal(boot_warnings, 1);
	check_memory(KiB(640) + MiB(64), 2);

	put32(BASE, 4);
	assert_int_equal(boot_parse(multiboot2_parse, &phys, BASE, &bi), -EINVAL);
	put32(BASE, SIZE + 1);
	assert_int_equal(boot_parse(multiboot2_parse, &phys, BASE, &bi), -EINVAL);
	put32(BASE, 8); /* no tag at all */
	parse(multiboot2_parse);
	assert_int_equal(boot_warnings, 1);
}

/* Truncated at every length: what is left is parsed, nothing past it is read. */
static void mb2_cut_anywhere(void **state)
{
	u32 total;

	(void)state;
	mb2_grub(24);
	total = mb2_end - BASE;
	for (u32 size = 8; size < total; size++) {
		put32(BASE, size);
		phys.size = size;
		parse(multiboot2_parse);
		assert_true(boot_warnings >= 1);
	}
	phys.size = SIZE;
}

#define T(name) cmocka_unit_test_setup(name, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(mb2_from_grub), T(mb2_damaged_rsdp), T(mb2_without_a_map),
		T(mb2_lies),	  T(mb2_cut_anywhere),
	};

	return cmocka_run_group_tests_name("multiboot2", tests, NULL, NULL);
}
