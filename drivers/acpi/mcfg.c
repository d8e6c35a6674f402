/*
 * The MCFG table: entries of fixed size, each a range of buses and the address of its
 * configuration space, a MiB a bus. An entry that would overlap another, or wrap around the end of
 * the address space, is refused.
 */
#include <drivers/acpi/mcfg.h>
#include <lib/string.h>

struct mcfg_head {
	struct acpi_table_header header;
	u8 reserved[8];
} __packed;
_Static_assert(sizeof(struct mcfg_head) == 44, "PCI Firmware 3.3, table 4-2");

struct mcfg_entry {
	u64 base;
	u16 segment;
	u8 first_bus, last_bus;
	u32 reserved;
} __packed;
_Static_assert(sizeof(struct mcfg_entry) == 16, "PCI Firmware 3.3, table 4-3");

#define BUS_SIZE MiB(1)

static const char *add_entry(const struct mcfg_entry *e, struct mcfg_info *info)
{
	if (!e->base || !IS_ALIGNED(e->base, BUS_SIZE))
		return "a segment at an impossible address";
	if (e->first_bus > e->last_bus)
		return "a segment that ends before its first bus";
	if (e->base + (u64)(e->last_bus + 1) * BUS_SIZE < e->base)
		return "a segment that goes beyond all addresses";
	for (u32 i = 0; i < info->nr; i++) {
		const struct mcfg_segment *s = &info->segment[i];

		if (s->segment == e->segment && e->first_bus <= s->last_bus &&
		    s->first_bus <= e->last_bus)
			return "a segment with another one's buses";
	}
	if (info->nr == MCFG_SEGMENTS_MAX)
		return "a segment more than there is room for";
	info->segment[info->nr++] = (struct mcfg_segment){.base = e->base,
							  .segment = e->segment,
							  .first_bus = e->first_bus,
							  .last_bus = e->last_bus};
	return NULL;
}

const char *mcfg_parse(const struct acpi_table_header *table, struct mcfg_info *info,
		       void (*warn)(const char *what))
{
	const struct mcfg_entry *entry =
		(const struct mcfg_entry *)((const struct mcfg_head *)table + 1);

	if (memcmp(table->signature, ACPI_SIG_MCFG, sizeof(table->signature)))
		return "not an MCFG table";
	if (table->length < sizeof(struct mcfg_head))
		return "too short";
	*info = (struct mcfg_info){0};
	for (size_t left = table->length - sizeof(struct mcfg_head); left >= sizeof(*entry);
	     left -= sizeof(*entry)) {
		const char *why = add_entry(entry++, info);

		if (why) {
			warn(why);
			info->refused++;
		}
	}
	return NULL;
}
