/*
 * From what the loader left behind to one struct boot_info. After this nobody
 * knows, or needs to know, which loader it was.
 */
#define pr_fmt(fmt) "boot: " fmt

#include <arch/page.h>
#include <boot/boot.h>
#include <lib/bug.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/string.h>

struct boot_info boot_info;

/* The early page tables map the low 4 GiB, but not virtual page 0. */
static __init const void *early_map(const struct boot_mem *mem, phys_addr_t phys, u64 len)
{
	(void)mem;
	return phys < GiB(4) && len <= GiB(4) - phys ? phys_to_virt(phys) : NULL;
}

static __init void warn(const char *what)
{
	boot_info.warnings++;
	pr_warn("%s: %s\n", boot_info.protocol, what);
}

static __init int parse(u32 magic, const struct boot_mem *mem, phys_addr_t info)
{
	switch (magic) {
	case MULTIBOOT1_BOOTLOADER_MAGIC:
		boot_info.protocol = "multiboot1";
		return multiboot1_parse(mem, info, &boot_info);
	case MULTIBOOT2_BOOTLOADER_MAGIC:
		boot_info.protocol = "multiboot2";
		return multiboot2_parse(mem, info, &boot_info);
	case XEN_HVM_START_MAGIC:
		boot_info.protocol = "PVH";
		return pvh_parse(mem, info, &boot_info);
	}
	panic("started by an unknown loader: EAX=%#x is no boot magic that Teak knows", magic);
}

/* A line that was cut may end in half a word, and half of "loglevel=70" is another order: it goes. */
static __init void drop_partial_word(void)
{
	char *blank = strrchr(boot_info.cmdline, ' ');

	if (blank && strlen(boot_info.cmdline) == sizeof(boot_info.cmdline) - 1)
		*blank = '\0';
}

static int cmd_modules(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	con_printf("%u modules from %s (%s)\n", boot_info.nr_modules,
		   boot_info.loader[0] ? boot_info.loader : "the loader", boot_info.protocol);
	for (u32 i = 0; i < boot_info.nr_modules; i++) {
		const struct boot_module *m = &boot_info.modules[i];

		con_printf("  %012llx-%012llx %8llu bytes  %s\n", m->start, m->end - 1,
			   m->end - m->start, m->cmdline);
	}
	return 0;
}
COMMAND("modules", "", "files that the loader brought along", cmd_modules);

void __init boot_info_init(u32 magic, phys_addr_t info)
{
	const struct boot_mem mem = {.map = early_map, .warn = warn};
	int err = parse(magic, &mem, info);

	drop_partial_word();
	if (err)
		panic("the %s information at %#llx is not readable (%d)", boot_info.protocol, info,
		      err);
}
