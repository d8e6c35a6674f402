/*
 * PVH: what QEMU (-machine microvm), Firecracker and Cloud Hypervisor leave in
 * EBX when the image has the ELF note XEN_ELFNOTE_PHYS32_ENTRY (Xen's
 * docs/misc/pvh.pandoc, public/arch-x86/hvm/start_info.h).
 *
 * Addresses are 64 bits wide; the memory map came with version 1. Version 0
 * leaves it to a hypercall that only Xen has, so there Teak finds no memory.
 */
#include <boot/boot_info.h>
#include <boot/parse.h>
#include <lib/errno.h>

struct hvm_start_info {
	u32 magic;
	u32 version;
	u32 flags;
	u32 nr_modules;
	u64 modlist_paddr;
	u64 cmdline_paddr; /* 0: none */
	u64 rsdp_paddr;	   /* 0: none */
	/* Version 1 goes on. */
	u64 memmap_paddr;
	u32 memmap_entries;
	u32 reserved;
} __packed;

#define HVM_START_INFO_V0_SIZE offsetof(struct hvm_start_info, memmap_paddr)

struct hvm_modlist_entry {
	u64 paddr;
	u64 size;
	u64 cmdline_paddr; /* 0: none */
	u64 reserved;
} __packed;

/* The types have the numbers of ACPI's, as in enum memmap_type. */
struct hvm_memmap_table_entry {
	u64 addr;
	u64 size;
	u32 type;
	u32 reserved;
} __packed;

static void parse_modules(const struct boot_mem *mem, const struct hvm_start_info *start,
			  struct boot_info *bi)
{
	phys_addr_t addr = start->modlist_paddr;
	/* Those that find no room are looked at too: their memory is not ours. */
	u32 count = min(start->nr_modules, (u32)MODULES_LOOKED_AT);

	for (; count; count--, addr += sizeof(struct hvm_modlist_entry)) {
		const struct hvm_modlist_entry *mod = mem->map(mem, addr, sizeof(*mod));
		struct boot_module *module;

		if (!mod) {
			mem->warn("the list of modules is not readable: ignored");
			return;
		}
		module = parse_module(mem, bi, mod->paddr, mod->paddr + mod->size);
		if (module && mod->cmdline_paddr)
			parse_string(mem, mod->cmdline_paddr, module->cmdline,
				     sizeof(module->cmdline), "a module's command line is cut");
	}
}

static void parse_memmap(const struct boot_mem *mem, const struct hvm_start_info *start,
			 struct boot_info *bi)
{
	phys_addr_t addr = start->memmap_paddr;
	/* One more than there is room for, so that the loss is counted. */
	u32 count = min(start->memmap_entries, (u32)MEMMAP_MAX + 1);

	for (; count; count--, addr += sizeof(struct hvm_memmap_table_entry)) {
		const struct hvm_memmap_table_entry *entry = mem->map(mem, addr, sizeof(*entry));

		if (!entry) {
			mem->warn("the memory map is not readable: its end is ignored");
			break;
		}
		memmap_add(&bi->memmap, entry->addr, entry->size, entry->type);
	}
	parse_memmap_done(mem, bi);
}

int pvh_parse(const struct boot_mem *mem, phys_addr_t info, struct boot_info *bi)
{
	const struct hvm_start_info *start = mem->map(mem, info, HVM_START_INFO_V0_SIZE);
	const struct hvm_start_info *longer = mem->map(mem, info, sizeof(*longer));
	u64 size = HVM_START_INFO_V0_SIZE;

	if (!start || start->magic != XEN_HVM_START_MAGIC)
		return -EINVAL;
	bi->protocol = "PVH";
	bi->rsdp_addr = start->rsdp_paddr;
	if (start->cmdline_paddr)
		parse_string(mem, start->cmdline_paddr, bi->cmdline, sizeof(bi->cmdline),
			     "the command line is cut");
	parse_modules(mem, start, bi);
	if (start->version >= 1 && longer) {
		parse_memmap(mem, longer, bi);
		size = sizeof(*longer);
	} else {
		mem->warn("start_info version 0 has no memory map: no memory is known");
	}
	bi->info_start = info;
	bi->info_end = info + size;
	return 0;
}
