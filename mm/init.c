/*
 * What memory there is: the firmware's map, and what the kernel made of it.
 * Both are kept, for `mem map` and `pfn` to show.
 */
#define pr_fmt(fmt) "mm: " fmt

#include <arch/cpufeature.h>
#include <arch/page.h>
#include <lib/bug.h>
#include <lib/console.h>
#include <mm/memblock.h>
#include <mm/mm.h>

extern char __image_phys_start[], __image_phys_end[];

static const struct memmap *firmware_map;
static struct memmap ordered;

static __init void reserve(phys_addr_t start, u64 size, const char *what)
{
	int err = memblock_reserve(start, size);

	if (err)
		panic("cannot reserve %s at %#llx (%d)", what, start, err);
}

/* RAM that the CPU cannot address, or the direct map has no room for, is no use. */
static __init phys_addr_t ram_limit(void)
{
	return min(BIT_ULL(boot_cpu_data.phys_bits), (u64)DIRECT_MAP_SIZE);
}

void __init mm_init_memory(const struct memmap *firmware)
{
	phys_addr_t image = (phys_addr_t)__image_phys_start;
	u64 left_out;

	firmware_map = firmware;
	ordered.nr = firmware->nr;
	ordered.dropped = firmware->dropped;
	for (u32 i = 0; i < firmware->nr; i++)
		ordered.entry[i] = firmware->entry[i];
	memmap_sanitize(&ordered);

	left_out = memblock_add_map(&ordered, ram_limit());
	if (left_out)
		pr_warn("%llu KiB of RAM left out: at or above %#llx, or in too many pieces\n",
			left_out >> 10, ram_limit());
	reserve(0, PAGE_SIZE, "page 0");
	reserve(image, (phys_addr_t)__image_phys_end - image, "the kernel image");
	if (ordered.dropped)
		pr_warn("%u entries of the firmware's memory map were dropped\n", ordered.dropped);
	if (memblock_total() < MIN_RAM)
		panic("not enough memory: Teak needs %llu MiB of RAM, the firmware's map has %llu KiB",
		      MIN_RAM >> 20, memblock_total() >> 10);
	pr_info("%llu MiB of RAM up to %#llx\n", memblock_total() >> 20, memblock_end());
}

static void show_map(const struct memmap *map)
{
	for (u32 i = 0; i < map->nr; i++) {
		const struct memmap_entry *e = &map->entry[i];

		con_printf("  %016llx-%016llx %10llu KiB  %s\n", e->start, e->start + e->size - 1,
			   e->size >> 10, memmap_type_name(e->type));
	}
}

static void show_regions(const struct memblock_type *type)
{
	con_printf("%s:\n", type->name);
	for (u32 i = 0; i < type->nr; i++)
		con_printf("  %016llx-%016llx %10llu KiB\n", type->region[i].base,
			   type->region[i].base + type->region[i].size - 1,
			   type->region[i].size >> 10);
}

void show_memory_map(void)
{
	con_printf("firmware's map, as the loader gave it:\n");
	show_map(firmware_map);
	con_printf("put in order:\n");
	show_map(&ordered);
	show_regions(&memblock.memory);
	show_regions(&memblock.reserved);
}

u32 memory_type_at(phys_addr_t phys)
{
	for (u32 i = 0; i < ordered.nr; i++)
		if (ranges_overlap(phys, 1, ordered.entry[i].start, ordered.entry[i].size))
			return ordered.entry[i].type;
	return 0;
}
