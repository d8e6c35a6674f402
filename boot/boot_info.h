/*
 * What the loader told us, whichever loader it was. The three parsers fill it,
 * kernel_main() hands its parts down; nobody else knows how Teak was booted.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include <lib/types.h>
#include <mm/memmap.h>
#include <drivers/video/framebuffer.h>

#define BOOT_CMDLINE_MAX 2048
#define BOOT_MODULES_MAX 16

struct boot_module {
	phys_addr_t start, end; /* end is one past the last byte */
	char cmdline[128];
};

struct boot_info {
	const char *protocol; /* "multiboot1", "multiboot2" or "PVH" */
	char loader[64];      /* the loader's own name, "" when it gave none */
	char cmdline[BOOT_CMDLINE_MAX];
	struct memmap memmap;
	struct boot_module modules[BOOT_MODULES_MAX];
	u32 nr_modules;
	u32 empty_modules; /* refused; said for the first few */
	phys_addr_t lost_start,
		lost_end; /* around the modules beyond BOOT_MODULES_MAX: reserved, no more */
	phys_addr_t info_start, info_end; /* the loader's own data: reserved until parsed */
	u8 rsdp[36];			  /* a copy, when the loader gave one (multiboot2) */
	u32 rsdp_len;			  /* 0, 20 or 36 */
	phys_addr_t rsdp_addr;		  /* where it lies (PVH); 0: scan */
	struct framebuffer_info framebuffer;
	u32 warnings; /* how many things were refused; each was printed */
};

extern struct boot_info boot_info;

/*
 * How a parser reads physical memory: a pointer to [phys, phys+len), or NULL
 * when that is not all readable. The kernel answers from its early map of the low 4 GiB, the host
 * tests and the fuzzer from a buffer.
 */
struct boot_mem {
	const void *(*map)(const struct boot_mem *mem, phys_addr_t phys, u64 len);
	void (*warn)(const char *what); /* something was refused */
	void *ctx;
};

/* Fill *bi (zeroed by the caller) from the structure at `info`. 0, or -EINVAL when it is not one at all. Pure. */
int multiboot1_parse(const struct boot_mem *mem, phys_addr_t info, struct boot_info *bi);
int multiboot2_parse(const struct boot_mem *mem, phys_addr_t info, struct boot_info *bi);
int pvh_parse(const struct boot_mem *mem, phys_addr_t info, struct boot_info *bi);

#define MULTIBOOT1_BOOTLOADER_MAGIC 0x2badb002
#define MULTIBOOT2_BOOTLOADER_MAGIC 0x36d76289
#define XEN_HVM_START_MAGIC	    0x336ec578

#endif
