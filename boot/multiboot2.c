/*
 * Multiboot 2: what GRUB's `multiboot2` leaves in EBX (Multiboot2 Specification
 * 2.0, section 3.6).
 *
 * The information is one block: its total size, then tags of {type, size,
 * payload}, each 8-byte aligned, up to a tag of type 0. Everything lies inside
 * the block, so the walk keeps one invariant: a tag is looked at only when all of it does.
 */
#include <boot/boot_info.h>
#include <boot/parse.h>
#include <drivers/acpi/acpi.h>
#include <lib/errno.h>
#include <lib/string.h>

#define MULTIBOOT_TAG_ALIGN 8

enum multiboot_tag_type {
	MULTIBOOT_TAG_TYPE_END = 0,
	MULTIBOOT_TAG_TYPE_CMDLINE = 1,
	MULTIBOOT_TAG_TYPE_BOOT_LOADER_NAME = 2,
	MULTIBOOT_TAG_TYPE_MODULE = 3,
	MULTIBOOT_TAG_TYPE_BASIC_MEMINFO = 4,
	MULTIBOOT_TAG_TYPE_MMAP = 6,
	MULTIBOOT_TAG_TYPE_FRAMEBUFFER = 8,
	MULTIBOOT_TAG_TYPE_ACPI_OLD = 14,
	MULTIBOOT_TAG_TYPE_ACPI_NEW = 15,
};

#define MULTIBOOT_FRAMEBUFFER_TYPE_RGB	    1
#define MULTIBOOT_FRAMEBUFFER_TYPE_EGA_TEXT 2

/* GRUB's block is some KiB; a block beyond this is a lie, and walking it would take long. */
#define MULTIBOOT_INFO_MAX MiB(1)

struct multiboot_info_header {
	u32 total_size;
	u32 reserved;
} __packed;

struct multiboot_tag {
	u32 type;
	u32 size; /* this header included, the padding behind it not */
} __packed;

/* The command line, the loader's name, and the two RSDPs are nothing but this. */
struct multiboot_tag_bytes {
	struct multiboot_tag tag;
	char bytes[];
} __packed;

struct multiboot_tag_module {
	struct multiboot_tag tag;
	u32 mod_start, mod_end; /* mod_end is one past the last byte */
	char cmdline[];
} __packed;

struct multiboot_tag_basic_meminfo {
	struct multiboot_tag tag;
	u32 mem_lower, mem_upper; /* KiB from 0 and from 1 MiB */
} __packed;

struct multiboot_mmap_entry {
	u64 addr, len;
	u32 type;
	u32 reserved;
} __packed;

struct multiboot_tag_mmap {
	struct multiboot_tag tag;
	u32 entry_size; /* may grow in later versions: the step from one to the next */
	u32 entry_version;
	u8 entries[];
} __packed;

struct multiboot_tag_framebuffer {
	struct multiboot_tag tag;
	u64 addr;
	u32 pitch, width, height;
	u8 bpp, type;
	u16 reserved;
} __packed;

struct multiboot_tag_framebuffer_rgb {
	struct multiboot_tag_framebuffer common;
	u8 red_field_position, red_mask_size;
	u8 green_field_position, green_mask_size;
	u8 blue_field_position, blue_mask_size;
} __packed;

/* What the tag handlers share. */
struct mb2_parser {
	const struct boot_mem *mem;
	struct boot_info *bi;
	const struct multiboot_tag_basic_meminfo
		*meminfo; /* until a memory map makes it superfluous */
};

static void tag_text(struct mb2_parser *p, const struct multiboot_tag *tag, char *dst, size_t size,
		     const char *cut)
{
	const struct multiboot_tag_bytes *text = (const void *)tag;

	parse_text(p->mem, text->bytes, tag->size - sizeof(*tag), dst, size, cut);
}

static void tag_module(struct mb2_parser *p, const struct multiboot_tag *tag)
{
	const struct multiboot_tag_module *mod = (const void *)tag;
	struct boot_module *module = parse_module(p->mem, p->bi, mod->mod_start, mod->mod_end);

	if (module)
		parse_text(p->mem, mod->cmdline, tag->size - sizeof(*mod), module->cmdline,
			   sizeof(module->cmdline), "a module's command line is cut");
}

static void tag_mmap(struct mb2_parser *p, const struct multiboot_tag *tag)
{
	const struct multiboot_tag_mmap *mmap = (const void *)tag;
	u32 left = tag->size - sizeof(*mmap);
	const u8 *at = mmap->entries;

	if (mmap->entry_size < sizeof(struct multiboot_mmap_entry)) {
		p->mem->warn("the memory map's entries are too small: ignored");
		return;
	}
	for (; left >= mmap->entry_size; at += mmap->entry_size, left -= mmap->entry_size) {
		const struct multiboot_mmap_entry *entry = (const void *)at;

		memmap_add(&p->bi->memmap, entry->addr, entry->len, entry->type);
	}
	if (left)
		p->mem->warn("the memory map ends in half an entry: ignored");
	parse_memmap_done(p->mem, p->bi);
}

static void tag_framebuffer(struct mb2_parser *p, const struct multiboot_tag *tag)
{
	const struct multiboot_tag_framebuffer *from = (const void *)tag;
	const struct multiboot_tag_framebuffer_rgb *rgb = (const void *)tag;
	struct framebuffer_info *fb = &p->bi->framebuffer;
	bool text = from->type == MULTIBOOT_FRAMEBUFFER_TYPE_EGA_TEXT;

	if (!text && from->type != MULTIBOOT_FRAMEBUFFER_TYPE_RGB) {
		p->mem->warn("the framebuffer is neither RGB nor text: ignored");
		return;
	}
	if (!text && tag->size < sizeof(*rgb)) {
		p->mem->warn("the framebuffer's colours are missing: ignored");
		return;
	}
	fb->addr = from->addr;
	fb->width = from->width;
	fb->height = from->height;
	fb->pitch = from->pitch;
	fb->bpp = from->bpp;
	fb->text = text;
	if (text)
		return;
	fb->red_shift = rgb->red_field_position;
	fb->red_bits = rgb->red_mask_size;
	fb->green_shift = rgb->green_field_position;
	fb->green_bits = rgb->green_mask_size;
	fb->blue_shift = rgb->blue_field_position;
	fb->blue_bits = rgb->blue_mask_size;
}

/* The new RSDP is preferred to the old one, whichever comes first; a damaged copy is no copy. */
static void tag_rsdp(struct mb2_parser *p, const struct multiboot_tag *tag)
{
	const struct multiboot_tag_bytes *rsdp = (const void *)tag;
	u32 len = tag->type == MULTIBOOT_TAG_TYPE_ACPI_NEW ? ACPI_RSDP_V2_SIZE : ACPI_RSDP_V1_SIZE;

	if (tag->size - sizeof(*tag) < len || acpi_check_rsdp(rsdp->bytes, len)) {
		p->mem->warn("the copy of the RSDP is damaged: ignored");
		return;
	}
	if (p->bi->rsdp_len > len)
		return;
	memcpy(p->bi->rsdp, rsdp->bytes, len);
	p->bi->rsdp_len = len;
}

/* The least size a tag of this type must have for its handler to read its fixed part. */
static u32 tag_min_size(u32 type)
{
	switch (type) {
	case MULTIBOOT_TAG_TYPE_MODULE:
		return sizeof(struct multiboot_tag_module);
	case MULTIBOOT_TAG_TYPE_BASIC_MEMINFO:
		return sizeof(struct multiboot_tag_basic_meminfo);
	case MULTIBOOT_TAG_TYPE_MMAP:
		return sizeof(struct multiboot_tag_mmap);
	case MULTIBOOT_TAG_TYPE_FRAMEBUFFER:
		return sizeof(struct multiboot_tag_framebuffer);
	default:
		return sizeof(struct multiboot_tag);
	}
}

static void parse_tag(struct mb2_parser *p, const struct multiboot_tag *tag)
{
	struct boot_info *bi = p->bi;

	if (tag->size < tag_min_size(tag->type)) {
		p->mem->warn("a multiboot2 tag is too short: ignored");
		return;
	}
	switch (tag->type) {
	case MULTIBOOT_TAG_TYPE_CMDLINE:
		tag_text(p, tag, bi->cmdline, sizeof(bi->cmdline), "the command line is cut");
		break;
	case MULTIBOOT_TAG_TYPE_BOOT_LOADER_NAME:
		tag_text(p, tag, bi->loader, sizeof(bi->loader), "the loader's name is cut");
		break;
	case MULTIBOOT_TAG_TYPE_MODULE:
		tag_module(p, tag);
		break;
	case MULTIBOOT_TAG_TYPE_BASIC_MEMINFO:
		p->meminfo = (const void *)tag;
		break;
	case MULTIBOOT_TAG_TYPE_MMAP:
		tag_mmap(p, tag);
		break;
	case MULTIBOOT_TAG_TYPE_FRAMEBUFFER:
		tag_framebuffer(p, tag);
		break;
	case MULTIBOOT_TAG_TYPE_ACPI_OLD:
	case MULTIBOOT_TAG_TYPE_ACPI_NEW:
		tag_rsdp(p, tag);
		break;
	}
}

static void parse_tags(struct mb2_parser *p, const char *block, u32 size)
{
	u32 at = sizeof(struct multiboot_info_header);

	while (size - at >= sizeof(struct multiboot_tag)) {
		const struct multiboot_tag *tag = (const void *)(block + at);

		if (tag->type == MULTIBOOT_TAG_TYPE_END)
			return;
		if (tag->size < sizeof(*tag) || tag->size > size - at)
			break;
		parse_tag(p, tag);
		at += min(ALIGN(tag->size, MULTIBOOT_TAG_ALIGN), size - at);
	}
	p->mem->warn("the multiboot2 tags are damaged: the rest is ignored");
}

int multiboot2_parse(const struct boot_mem *mem, phys_addr_t info, struct boot_info *bi)
{
	const struct multiboot_info_header *header = mem->map(mem, info, sizeof(*header));
	struct mb2_parser parser = {.mem = mem, .bi = bi};
	const char *block;
	u32 size;

	if (!header || header->total_size < sizeof(*header))
		return -EINVAL;
	size = min(header->total_size, (u32)MULTIBOOT_INFO_MAX);
	if (size < header->total_size)
		mem->warn("the multiboot2 information is absurdly large: cut");
	block = mem->map(mem, info, size);
	if (!block)
		return -EINVAL;
	bi->protocol = "multiboot2";
	parse_tags(&parser, block, size);
	if (!bi->memmap.nr && parser.meminfo) {
		memmap_add(&bi->memmap, 0, KiB(min(parser.meminfo->mem_lower, 640u)),
			   MEMMAP_USABLE);
		memmap_add(&bi->memmap, MiB(1), KiB(parser.meminfo->mem_upper), MEMMAP_USABLE);
	}
	bi->info_start = info;
	bi->info_end = info + size;
	return 0;
}
