/*
 * Multiboot 1: what QEMU's -kernel and GRUB's `multiboot` leave in EBX
 * (Multiboot Specification 0.6.96, section 3.3).
 *
 * The information structure is one fixed table whose `flags` say which fields
 * mean something; a field whose bit is clear is never looked at. It carries no
 * RSDP: ACPI has to scan for it.
 */
#include <boot/boot_info.h>
#include <boot/parse.h>
#include <lib/errno.h>
#include <lib/string.h>

#define MULTIBOOT_INFO_MEMORY		BIT(0)
#define MULTIBOOT_INFO_CMDLINE		BIT(2)
#define MULTIBOOT_INFO_MODS		BIT(3)
#define MULTIBOOT_INFO_MEM_MAP		BIT(6)
#define MULTIBOOT_INFO_BOOT_LOADER_NAME BIT(9)
#define MULTIBOOT_INFO_FRAMEBUFFER_INFO BIT(12)

#define MULTIBOOT_FRAMEBUFFER_TYPE_RGB	    1
#define MULTIBOOT_FRAMEBUFFER_TYPE_EGA_TEXT 2

struct multiboot_info {
	u32 flags;
	u32 mem_lower, mem_upper; /* KiB from 0 and from 1 MiB */
	u32 boot_device;
	u32 cmdline;
	u32 mods_count, mods_addr;
	u32 syms[4];
	u32 mmap_length, mmap_addr;
	u32 drives_length, drives_addr;
	u32 config_table;
	u32 boot_loader_name;
	u32 apm_table;
	u32 vbe_control_info, vbe_mode_info;
	u16 vbe_mode, vbe_interface_seg, vbe_interface_off, vbe_interface_len;
	/* A loader that does not know framebuffers (QEMU) ends here. */
	u64 framebuffer_addr;
	u32 framebuffer_pitch, framebuffer_width, framebuffer_height;
	u8 framebuffer_bpp, framebuffer_type;
	u8 red_field_position, red_mask_size;
	u8 green_field_position, green_mask_size;
	u8 blue_field_position, blue_mask_size;
} __packed;

#define MULTIBOOT_INFO_BASIC_SIZE offsetof(struct multiboot_info, framebuffer_addr)

/*
 * Firmware maps have tens of entries; a map beyond this is a lie, and walking it would take
 * long.
 */
#define MULTIBOOT_MMAP_LENGTH_MAX (1u << 20)

struct multiboot_mod_list {
	u32 mod_start, mod_end; /* mod_end is one past the last byte */
	u32 cmdline;
	u32 pad;
} __packed;

struct multiboot_mmap_entry {
	u32 size; /* of what follows it: the next entry is at size + 4 */
	u64 addr, len;
	u32 type;
} __packed;

/*
 * QEMU puts the kernel's path and a blank before what -append says, GRUB only
 * passes what follows the file's name. QEMU gives its name as "qemu". (A path
 * with a blank in it cannot be told from its arguments.)
 */
static void strip_kernel_path(struct boot_info *bi)
{
	char *rest = bi->cmdline + strcspn(bi->cmdline, " ");

	if (strcmp(bi->loader, "qemu"))
		return;
	rest += strspn(rest, " ");
	memmove(bi->cmdline, rest, strlen(rest) + 1);
}

static void parse_modules(const struct boot_mem *mem, const struct multiboot_info *mbi,
			  struct boot_info *bi)
{
	phys_addr_t addr = mbi->mods_addr;
	/* Those that find no room are looked at too: their memory is not ours. */
	u32 count = min(mbi->mods_count, (u32)MODULES_LOOKED_AT);

	for (; count; count--, addr += sizeof(struct multiboot_mod_list)) {
		const struct multiboot_mod_list *mod = mem->map(mem, addr, sizeof(*mod));
		struct boot_module *module;

		if (!mod) {
			mem->warn("the list of modules is not readable: ignored");
			return;
		}
		module = parse_module(mem, bi, mod->mod_start, mod->mod_end);
		if (module && mod->cmdline)
			parse_string(mem, mod->cmdline, module->cmdline, sizeof(module->cmdline),
				     "a module's command line is cut");
	}
}

/*
 * Each entry says its own size, so the walk trusts none: an entry must lie in what is left of
 * the array.
 */
static void parse_mmap(const struct boot_mem *mem, const struct multiboot_info *mbi,
		       struct boot_info *bi)
{
	phys_addr_t addr = mbi->mmap_addr;
	u64 left = min(mbi->mmap_length, MULTIBOOT_MMAP_LENGTH_MAX);

	if (left < mbi->mmap_length)
		mem->warn("the memory map is absurdly long: cut");
	while (left >= sizeof(struct multiboot_mmap_entry) && bi->memmap.dropped == 0) {
		const struct multiboot_mmap_entry *entry = mem->map(mem, addr, sizeof(*entry));
		u64 step;

		if (!entry)
			break;
		step = (u64)entry->size + sizeof(entry->size);
		if (step < sizeof(*entry) || step > left)
			break;
		memmap_add(&bi->memmap, entry->addr, entry->len, entry->type);
		addr += step;
		left -= step;
	}
	if (left && !bi->memmap.dropped)
		mem->warn("the memory map is damaged: its end is ignored");
	parse_memmap_done(mem, bi);
}

static void parse_memory(const struct boot_mem *mem, const struct multiboot_info *mbi,
			 struct boot_info *bi)
{
	if (mbi->flags & MULTIBOOT_INFO_MEM_MAP)
		parse_mmap(mem, mbi, bi);
	if (bi->memmap.nr || !(mbi->flags & MULTIBOOT_INFO_MEMORY))
		return;
	memmap_add(&bi->memmap, 0, KiB(min(mbi->mem_lower, 640u)), MEMMAP_USABLE);
	memmap_add(&bi->memmap, MiB(1), KiB(mbi->mem_upper), MEMMAP_USABLE);
}

static void parse_framebuffer(const struct boot_mem *mem, const struct multiboot_info *mbi,
			      struct boot_info *bi)
{
	struct framebuffer_info *fb = &bi->framebuffer;

	if (mbi->framebuffer_type != MULTIBOOT_FRAMEBUFFER_TYPE_RGB &&
	    mbi->framebuffer_type != MULTIBOOT_FRAMEBUFFER_TYPE_EGA_TEXT) {
		mem->warn("the framebuffer is neither RGB nor text: ignored");
		return;
	}
	fb->addr = mbi->framebuffer_addr;
	fb->width = mbi->framebuffer_width;
	fb->height = mbi->framebuffer_height;
	fb->pitch = mbi->framebuffer_pitch;
	fb->bpp = mbi->framebuffer_bpp;
	fb->text = mbi->framebuffer_type == MULTIBOOT_FRAMEBUFFER_TYPE_EGA_TEXT;
	if (fb->text)
		return;
	fb->red_shift = mbi->red_field_position;
	fb->red_bits = mbi->red_mask_size;
	fb->green_shift = mbi->green_field_position;
	fb->green_bits = mbi->green_mask_size;
	fb->blue_shift = mbi->blue_field_position;
	fb->blue_bits = mbi->blue_mask_size;
}

int multiboot1_parse(const struct boot_mem *mem, phys_addr_t info, struct boot_info *bi)
{
	const struct multiboot_info *mbi = mem->map(mem, info, MULTIBOOT_INFO_BASIC_SIZE);
	u64 size = MULTIBOOT_INFO_BASIC_SIZE;

	if (!mbi)
		return -EINVAL;
	bi->protocol = "multiboot1";
	if (mbi->flags & MULTIBOOT_INFO_BOOT_LOADER_NAME)
		parse_string(mem, mbi->boot_loader_name, bi->loader, sizeof(bi->loader),
			     "the loader's name is cut");
	if (mbi->flags & MULTIBOOT_INFO_CMDLINE) {
		parse_string(mem, mbi->cmdline, bi->cmdline, sizeof(bi->cmdline),
			     "the command line is cut");
		strip_kernel_path(bi);
	}
	if (mbi->flags & MULTIBOOT_INFO_MODS)
		parse_modules(mem, mbi, bi);
	parse_memory(mem, mbi, bi);
	if (mbi->flags & MULTIBOOT_INFO_FRAMEBUFFER_INFO) {
		const struct multiboot_info *longer = mem->map(mem, info, sizeof(*longer));

		if (longer) {
			parse_framebuffer(mem, longer, bi);
			size = sizeof(*longer);
		} else {
			mem->warn("the framebuffer's description is not readable: ignored");
		}
	}
	bi->info_start = info;
	bi->info_end = info + size;
	return 0;
}
