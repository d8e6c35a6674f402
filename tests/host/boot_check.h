/*
 * What must hold of a struct boot_info whatever the loader wrote: shared by the
 * test and the fuzz targets of the three boot parsers.
 */
#ifndef TESTS_HOST_BOOT_CHECK_H
#define TESTS_HOST_BOOT_CHECK_H

#include <tests/host/phys.h>
#include <boot/boot_info.h>
#include <lib/bug.h>
#include <lib/string.h>
#include <tests/memmap_model.h>

/* More warnings than this flood the log, and mean that a loop trusts a count. */
#define BOOT_WARNINGS_MAX 64

static u32 boot_warnings;
static const char *boot_last_warning;

static inline void boot_warn(const char *what)
{
	boot_warnings++;
	boot_last_warning = what;
}

static inline const void *boot_map(const struct boot_mem *mem, phys_addr_t at, u64 len)
{
	return phys_map(mem->ctx, at, len);
}

typedef int (*boot_parser)(const struct boot_mem *mem, phys_addr_t info, struct boot_info *bi);

static inline int boot_parse(boot_parser parse, struct phys *phys, u64 info, struct boot_info *bi)
{
	const struct boot_mem mem = {.map = boot_map, .warn = boot_warn, .ctx = phys};
	int err;

	boot_warnings = 0;
	boot_last_warning = "";
	libc_memset(bi, 0, sizeof(*bi));
	err = parse(&mem, info, bi);
	phys_free_copies(phys);
	return err;
}

static inline void boot_check(struct boot_info *bi)
{
	BUG_ON(!bi->protocol);
	BUG_ON(strnlen(bi->loader, sizeof(bi->loader)) == sizeof(bi->loader));
	BUG_ON(strnlen(bi->cmdline, sizeof(bi->cmdline)) == sizeof(bi->cmdline));
	BUG_ON(bi->nr_modules > BOOT_MODULES_MAX);
	for (u32 i = 0; i < bi->nr_modules; i++) {
		BUG_ON(bi->modules[i].start >= bi->modules[i].end);
		BUG_ON(strnlen(bi->modules[i].cmdline, sizeof(bi->modules[i].cmdline)) ==
		       sizeof(bi->modules[i].cmdline));
	}
	BUG_ON(bi->memmap.nr > MEMMAP_MAX);
	BUG_ON(bi->rsdp_len != 0 && bi->rsdp_len != 20 && bi->rsdp_len != 36);
	BUG_ON(bi->info_start >= bi->info_end);
	BUG_ON(boot_warnings > BOOT_WARNINGS_MAX);
	memmap_sanitize(&bi->memmap);
	BUG_ON(check_order(&bi->memmap)[0]);
}

#endif
