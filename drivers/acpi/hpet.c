/*
 * The HPET table. It has no list: 20 bytes, most of them a copy of the device's own first
 * register, which is what the driver should believe in the end (IA-PC HPET 1.0a, 3.2.4).
 */
#include <drivers/acpi/hpet.h>
#include <lib/string.h>

#define HPET_REGISTERS KiB(1)

struct acpi_hpet {
	struct acpi_table_header header;
	u32 block_id; /* as bits 31:0 of the capabilities register */
	struct acpi_generic_address addr;
	u8 number;
	u16 min_tick;
	u8 page_protection;
} __packed;
_Static_assert(sizeof(struct acpi_hpet) == 56, "IA-PC HPET 1.0a, table 3");

#define BLOCK_ID_REVISION(id)	 ((u8)(id))
#define BLOCK_ID_COMPARATORS(id) ((u8)(((id) >> 8 & 0x1f) + 1))
#define BLOCK_ID_WIDE		 BIT(13)
#define BLOCK_ID_LEGACY		 BIT(15)
#define BLOCK_ID_VENDOR(id)	 ((u16)((id) >> 16))

const char *hpet_parse(const struct acpi_table_header *table, struct hpet_info *info)
{
	const struct acpi_hpet *hpet = (const struct acpi_hpet *)table;

	if (memcmp(table->signature, ACPI_SIG_HPET, sizeof(table->signature)))
		return "not an HPET table";
	if (table->length < sizeof(*hpet))
		return "too short";
	if (hpet->addr.space_id != ACPI_ADR_SPACE_SYSTEM_MEMORY)
		return "its registers are not in memory";
	if (!hpet->addr.address || !IS_ALIGNED(hpet->addr.address, HPET_REGISTERS))
		return "its registers have an impossible address";
	*info = (struct hpet_info){
		.addr = hpet->addr.address,
		.number = hpet->number,
		.revision = BLOCK_ID_REVISION(hpet->block_id),
		.comparators = BLOCK_ID_COMPARATORS(hpet->block_id),
		.wide = hpet->block_id & BLOCK_ID_WIDE,
		.legacy_routing = hpet->block_id & BLOCK_ID_LEGACY,
		.pci_vendor = BLOCK_ID_VENDOR(hpet->block_id),
		.min_tick = hpet->min_tick,
	};
	return NULL;
}
