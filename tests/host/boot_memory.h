/*
 * A loader's memory for the tests of the boot parsers: 64 KiB at BASE, in which a test writes
 * what a loader would, as the specifications lay it out.
 */
#ifndef TESTS_HOST_BOOT_MEMORY_H
#define TESTS_HOST_BOOT_MEMORY_H

#include <tests/host/host.h>
#include <tests/host/boot_check.h>

#define BASE	0x10000u
#define SIZE	0x10000u
#define STRINGS (BASE + 0x1000)
#define MAP	(BASE + 0x8000)
#define MODULES (BASE + 0x4000)

static u8 memory[SIZE];
static struct phys phys = {.bytes = memory, .base = BASE, .size = SIZE};
static struct boot_info bi;

static inline void put(u32 at, u64 value, u32 width)
{
	libc_memcpy(memory + (at - BASE), &value, width);
}

static inline void put32(u32 at, u32 value)
{
	put(at, value, 4);
}

static inline void put64(u32 at, u64 value)
{
	put(at, value, 8);
}

static inline void put_text(u32 at, const char *text)
{
	libc_memcpy(memory + (at - BASE), text, libc_strlen(text) + 1);
}

static inline int clear(void **state)
{
	(void)state;
	libc_memset(memory, 0, sizeof(memory));
	return 0;
}

static inline void parse(boot_parser parser)
{
	assert_int_equal(boot_parse(parser, &phys, BASE, &bi), 0);
	boot_check(&bi);
}

/* As boot_check() leaves it: sanitized. */
static inline void check_memory(u64 usable, u32 entries)
{
	assert_int_equal(memmap_usable(&bi.memmap), usable);
	assert_int_equal(bi.memmap.nr, entries);
}

#endif
