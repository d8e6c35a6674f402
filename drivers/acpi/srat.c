/*
 * The SRAT, entry by entry (ACPI 6.5, 5.2.16). The walk is subtable.c's.
 */
#include <drivers/acpi/srat.h>
#include <drivers/acpi/subtable.h>
#include <lib/string.h>

#define SRAT_HEAD_SIZE (sizeof(struct acpi_table_header) + 12)

#define SRAT_ENABLED	   BIT(0)
#define SRAT_HOT_PLUGGABLE BIT(1)

struct srat_cpu { /* type 0 */
	struct acpi_subtable head;
	u8 domain_low, apicid;
	u32 flags;
	u8 sapic_eid, domain_high[3];
	u32 clock_domain;
} __packed;
_Static_assert(sizeof(struct srat_cpu) == 16, "ACPI 6.5, table 5.59");

struct srat_memory { /* type 1 */
	struct acpi_subtable head;
	u32 domain;
	u16 reserved;
	u64 base, length;
	u32 reserved2, flags;
	u64 reserved3;
} __packed;
_Static_assert(sizeof(struct srat_memory) == 40, "ACPI 6.5, table 5.60");

struct srat_x2apic_cpu { /* type 2 */
	struct acpi_subtable head;
	u16 reserved;
	u32 domain, apicid, flags, clock_domain, reserved2;
} __packed;
_Static_assert(sizeof(struct srat_x2apic_cpu) == 24, "ACPI 6.5, table 5.62");

static const char *decode_cpu(const void *record, void *ctx)
{
	const struct srat_visitor *visitor = ctx;
	const struct srat_cpu *e = record;
	u32 domain = e->domain_low | (u32)e->domain_high[0] << 8 | (u32)e->domain_high[1] << 16 |
		     (u32)e->domain_high[2] << 24;

	if (e->flags & SRAT_ENABLED)
		visitor->cpu(visitor->ctx, e->apicid, domain);
	return NULL;
}

static const char *decode_memory(const void *record, void *ctx)
{
	const struct srat_visitor *visitor = ctx;
	const struct srat_memory *e = record;

	if (!(e->flags & SRAT_ENABLED))
		return NULL;
	if (!e->length)
		return "memory of no length";
	if (e->base + e->length - 1 < e->base)
		return "memory beyond all addresses";
	visitor->memory(visitor->ctx, e->base, e->length, e->domain, e->flags & SRAT_HOT_PLUGGABLE);
	return NULL;
}

static const char *decode_x2apic_cpu(const void *record, void *ctx)
{
	const struct srat_visitor *visitor = ctx;
	const struct srat_x2apic_cpu *e = record;

	if (e->flags & SRAT_ENABLED)
		visitor->cpu(visitor->ctx, e->apicid, e->domain);
	return NULL;
}

static const struct acpi_subtable_kind kinds[] = {
	[0] = {sizeof(struct srat_cpu), decode_cpu},
	[1] = {sizeof(struct srat_memory), decode_memory},
	[2] = {sizeof(struct srat_x2apic_cpu), decode_x2apic_cpu},
};

const char *srat_parse(const struct acpi_table_header *table, const struct srat_visitor *visitor)
{
	if (memcmp(table->signature, ACPI_SIG_SRAT, sizeof(table->signature)))
		return "not an SRAT";
	if (table->length < SRAT_HEAD_SIZE)
		return "too short";
	acpi_for_each_subtable(table, SRAT_HEAD_SIZE, kinds, ARRAY_SIZE(kinds), (void *)visitor,
			       visitor->warn);
	return NULL;
}
