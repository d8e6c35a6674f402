/* What the three boot parsers share: refusing, copying text, noting a module. Pure. */
#ifndef BOOT_PARSE_H
#define BOOT_PARSE_H

#include <boot/boot_info.h>

/* A loader that counts more modules than this is not believed. */
#define MODULES_LOOKED_AT 48

/*
 * Copy the text at phys up to its NUL into dst[size] (size > 0), which always ends in NUL. When it
 * is longer, or runs into memory that cannot be read, what fits is kept and warn(cut) is called.
 */
void parse_string(const struct boot_mem *mem, phys_addr_t phys, char *dst, size_t size,
		  const char *cut);
/*
 * The same from len bytes that are mapped already. The NUL may be missing: the text then ends
 * with them.
 */
void parse_text(const struct boot_mem *mem, const char *text, size_t len, char *dst, size_t size,
		const char *cut);

/*
 * Append the module [start, end); NULL when it is empty, wraps or finds no room (refused). The
 * caller fills in the command line.
 */
struct boot_module *parse_module(const struct boot_mem *mem, struct boot_info *bi,
				 phys_addr_t start, phys_addr_t end);

/* Warn if entries of the memory map found no room. After the last memmap_add(). */
void parse_memmap_done(const struct boot_mem *mem, const struct boot_info *bi);

#endif
