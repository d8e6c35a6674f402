/*
 * Contract (boot/boot_info.h): what loaders say in their formats ends in the same struct
 * boot_info; what is damaged is refused with a warning, and the rest is still used. Here
 * Multiboot 1 and PVH.
 *
 * Sources: boot/multiboot1.c boot/pvh.c boot/parse.c mm/memmap.c
 */
#include <tests/host/boot_memory.h>

#include <lib/errno.h>

/* ---- multiboot 1 -------------------------------------------------------------------------- */

static void mb1_mmap_entry(u32 *at, u32 size, u64 start, u64 len, u32 type)
{
	put32(*at, size);
	put64(*at + 4, start);
	put64(*at + 12, len);
	put32(*at + 20, type);
	*at += size + 4;
}

/* As QEMU's -kernel leaves it: flags 0x24f. */
static void mb1_qemu(void)
{
	u32 at = MAP;

	put32(BASE, 0x24f);
	put32(BASE + 4, 639);
	put32(BASE + 8, 0x3fb80);
	put32(BASE + 16, STRINGS);
	put_text(STRINGS, "build/teak.elf  loglevel=7 test=all");
	put32(BASE + 20, 1);
	put32(BASE + 24, MODULES);
	put32(MODULES, 0x200000);
	put32(MODULES + 4, 0x201000);
	put32(MODULES + 8, STRINGS + 0x200);
	put_text(STRINGS + 0x200, "initrd x=1");
	mb1_mmap_entry(&at, 20, 0, 0x9fc00, 1);
	mb1_mmap_entry(&at, 20, 0x9fc00, 0x400, 2);
	mb1_mmap_entry(&at, 28, 0x100000, 0xff00000, 1); /* a longer entry: the size counts */
	mb1_mmap_entry(&at, 20, 0xfd00000000, 0x300000000, 2);
	put32(BASE + 44, at - MAP);
	put32(BASE + 48, MAP);
	put32(BASE + 64, STRINGS + 0x100);
	put_text(STRINGS + 0x100, "qemu");
}

static void mb1_from_qemu(void **state)
{
	(void)state;
	mb1_qemu();
	parse(multiboot1_parse);
	assert_int_equal(boot_warnings, 0);
	assert_string_equal(bi.protocol, "multiboot1");
	assert_string_equal(bi.loader, "qemu");
	assert_string_equal(bi.cmdline, "loglevel=7 test=all");
	assert_int_equal(bi.nr_modules, 1);
	assert_int_equal(bi.modules[0].start, 0x200000);
	assert_int_equal(bi.modules[0].end, 0x201000);
	assert_string_equal(bi.modules[0].cmdline, "initrd x=1");
	check_memory(0x9fc00 + 0xff00000, 4);
	assert_int_equal(bi.info_start, BASE);
	assert_int_equal(bi.info_end, BASE + 88);
	assert_int_equal(bi.framebuffer.addr, 0);
	assert_int_equal(bi.rsdp_len, 0);
}

static void mb1_path_alone_is_stripped(void **state)
{
	(void)state;
	mb1_qemu();
	put_text(STRINGS, "build/teak.elf");
	parse(multiboot1_parse);
	assert_string_equal(bi.cmdline, "");
}

static void mb1_from_grub(void **state)
{
	(void)state;
	mb1_qemu();
	put32(BASE, 0x1a47);
	put_text(STRINGS, "test=all panic=exit");
	put_text(STRINGS + 0x100, "GRUB 2.06-13+deb12u1");
	put64(BASE + 88, 0xfd000000);
	put32(BASE + 96, 4096);
	put32(BASE + 100, 1024);
	put32(BASE + 104, 768);
	put32(BASE + 108, 32 | 1 << 8 | 16 << 16 | 8 << 24); /* bpp, RGB, red at 16, 8 bits */
	put32(BASE + 112, 8 | 8 << 8 | 0 << 16 | 8 << 24);   /* green at 8, blue at 0 */
	parse(multiboot1_parse);
	assert_int_equal(boot_warnings, 0);
	assert_string_equal(bi.cmdline, "test=all panic=exit");
	assert_int_equal(bi.nr_modules, 0); /* bit 3 is clear */
	assert_int_equal(bi.framebuffer.addr, 0xfd000000);
	assert_int_equal(bi.framebuffer.pitch, 4096);
	assert_int_equal(bi.framebuffer.width, 1024);
	assert_int_equal(bi.framebuffer.height, 768);
	assert_int_equal(bi.framebuffer.bpp, 32);
	assert_int_equal(bi.framebuffer.red_shift, 16);
	assert_int_equal(bi.framebuffer.green_shift, 8);
	assert_int_equal(bi.framebuffer.green_bits, 8);
	assert_int_equal(bi.framebuffer.blue_bits, 8);
	assert_false(bi.framebuffer.text);
	assert_int_equal(bi.info_end, BASE + 116);

	put(BASE + 109, 2, 1);
	parse(multiboot1_parse);
	assert_true(bi.framebuffer.text);
	put(BASE + 109, 0, 1); /* a palette */
	parse(multiboot1_parse);
	assert_int_equal(boot_warnings, 1);
	assert_int_equal(bi.framebuffer.addr, 0);
}

static void mb1_without_a_map(void **state)
{
	(void)state;
	mb1_qemu();
	put32(BASE, 0x20f);
	parse(multiboot1_parse);
	check_memory(KiB(639) + KiB(0x3fb80), 2);
	put32(BASE, 0x20e);
	parse(multiboot1_parse);
	check_memory(0, 0);
}

static void mb1_lies(void **state)
{
	(void)state;
	mb1_qemu();
	put32(MAP, 0xffffffff); /* the first entry's size */
	parse(multiboot1_parse);
	assert_int_equal(boot_warnings, 1);
	check_memory(KiB(639) + KiB(0x3fb80), 2); /* nothing left of the map */

	mb1_qemu();
	put32(BASE + 44, 0xffffffff); /* the map's length: its end is past memory */
	parse(multiboot1_parse);
	assert_true(boot_warnings >= 1);

	mb1_qemu();
	put32(BASE + 20, 0xffffffff); /* modules: zeros follow the first */
	parse(multiboot1_parse);
	assert_int_equal(bi.nr_modules, 1);
	assert_in_range(boot_warnings, 1, BOOT_MODULES_MAX);

	mb1_qemu();
	put32(BASE + 24, 0xfffffff8);
	put32(BASE + 16, 0xffffffff);
	put32(BASE + 64, 0);
	parse(multiboot1_parse);
	assert_int_equal(bi.nr_modules, 0);
	assert_string_equal(bi.cmdline, "");
	assert_int_equal(boot_warnings, 3);

	assert_int_equal(boot_parse(multiboot1_parse, &phys, BASE + SIZE - 87, &bi), -EINVAL);
	assert_int_equal(boot_parse(multiboot1_parse, &phys, 0xffffffff, &bi), -EINVAL);
}

static void too_many_modules(void **state)
{
	(void)state;
	mb1_qemu();
	put32(BASE + 20, 40);
	for (u32 i = 0; i < 40; i++) {
		put32(MODULES + 16 * i, 0x200000 + 0x1000 * i);
		put32(MODULES + 16 * i + 4, 0x201000 + 0x1000 * i);
		put32(MODULES + 16 * i + 8, 0);
	}
	parse(multiboot1_parse);
	assert_int_equal(bi.nr_modules, BOOT_MODULES_MAX);
	assert_int_equal(boot_warnings, 1);
}

/* ---- strings: every length around the limit, and every end of memory ---------------------- */

static void strings_of_every_length(void **state)
{
	static char expected[BOOT_CMDLINE_MAX];

	(void)state;
	for (u32 len = 0; len < BOOT_CMDLINE_MAX + 80; len++) {
		clear(NULL);
		put32(BASE, 4);
		put32(BASE + 16, STRINGS + 3);
		for (u32 i = 0; i < len; i++)
			put(STRINGS + 3 + i, 'a' + i % 26, 1);
		libc_snprintf(expected, sizeof(expected), "%s", (char *)memory + 0x1003);
		parse(multiboot1_parse);
		assert_string_equal(bi.cmdline, expected);
		assert_int_equal(boot_warnings, len >= BOOT_CMDLINE_MAX);
	}
}

static void strings_at_the_end_of_memory(void **state)
{
	(void)state;
	for (u32 len = 0; len < 200; len++) {
		u32 at = BASE + SIZE - 1 - len;

		clear(NULL);
		put32(BASE, 4);
		put32(BASE + 16, at);
		libc_memset(memory + (at - BASE), 'x', len);
		parse(multiboot1_parse);
		assert_int_equal(libc_strlen(bi.cmdline), len);
		assert_int_equal(boot_warnings, 0);

		memory[SIZE - 1] = 'x'; /* no NUL before memory ends */
		parse(multiboot1_parse);
		assert_int_equal(libc_strlen(bi.cmdline), len + 1);
		assert_int_equal(boot_warnings, 1);
	}
}

/* ---- PVH ---------------------------------------------------------------------------------- */

static void pvh_memmap_entry(u32 i, u64 start, u64 len, u32 type)
{
	put64(MAP + 24 * i, start);
	put64(MAP + 24 * i + 8, len);
	put32(MAP + 24 * i + 16, type);
}

static void pvh_microvm(void)
{
	put32(BASE, 0x336ec578);
	put32(BASE + 4, 1);
	put32(BASE + 12, 1);
	put64(BASE + 16, MODULES);
	put64(MODULES, 0x300000);
	put64(MODULES + 8, 0x1234);
	put64(MODULES + 16, STRINGS + 0x100);
	put_text(STRINGS + 0x100, "module text");
	put64(BASE + 24, STRINGS);
	put_text(STRINGS, "panic=exit test=all");
	put64(BASE + 32, 0xf59d0);
	put64(BASE + 40, MAP);
	put32(BASE + 48, 3);
	pvh_memmap_entry(0, 0, 0x9fc00, 1);
	pvh_memmap_entry(1, 0x100000, 0xff00000, 1);
	pvh_memmap_entry(2, 0xfffc0000, 0x40000, 2);
}

static void pvh_from_microvm(void **state)
{
	(void)state;
	pvh_microvm();
	parse(pvh_parse);
	assert_int_equal(boot_warnings, 0);
	assert_string_equal(bi.protocol, "PVH");
	assert_string_equal(bi.loader, "");
	assert_string_equal(bi.cmdline, "panic=exit test=all");
	assert_int_equal(bi.nr_modules, 1);
	assert_int_equal(bi.modules[0].end, 0x301234);
	assert_string_equal(bi.modules[0].cmdline, "module text");
	assert_int_equal(bi.rsdp_addr, 0xf59d0);
	assert_int_equal(bi.info_end, BASE + 56);
	check_memory(0x9fc00 + 0xff00000, 3);
}

static void pvh_lies(void **state)
{
	(void)state;
	pvh_microvm();
	put32(BASE + 4, 0); /* version 0: no map */
	parse(pvh_parse);
	assert_int_equal(boot_warnings, 1);
	check_memory(0, 0);
	assert_int_equal(bi.info_end, BASE + 40);

	pvh_microvm();
	put32(BASE + 48, 0xffffffff); /* entries: as many as there is room for */
	parse(pvh_parse);
	assert_int_equal(boot_warnings, 0); /* what follows is all empty */
	check_memory(0x9fc00 + 0xff00000, 3);

	pvh_microvm();
	put64(BASE + 40, ~0ULL);
	put64(BASE + 24, ~0ULL);
	put64(BASE + 16, ~0ULL - 20);
	parse(pvh_parse);
	assert_int_equal(boot_warnings, 3);
	check_memory(0, 0);

	pvh_microvm();
	put64(MODULES + 8, ~0ULL); /* a module that wraps */
	parse(pvh_parse);
	assert_int_equal(bi.nr_modules, 0);
	assert_int_equal(boot_warnings, 1);

	put32(BASE, 0x336ec579);
	assert_int_equal(boot_parse(pvh_parse, &phys, BASE, &bi), -EINVAL);
}

#define T(name) cmocka_unit_test_setup(name, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(mb1_from_qemu),
		T(mb1_path_alone_is_stripped),
		T(mb1_from_grub),
		T(mb1_without_a_map),
		T(mb1_lies),
		T(too_many_modules),
		T(strings_of_every_length),
		T(strings_at_the_end_of_memory),
		T(pvh_from_microvm),
		T(pvh_lies),
	};

	return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
