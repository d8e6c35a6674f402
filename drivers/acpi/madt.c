/*
 * The MADT, decoded (ACPI 6.5, 5.2.12). Pure.
 *
 * One function for each type of entry, in a table by type number; the walk is subtable.c's.
 * Entries are believed in themselves only: whether ids repeat, and which CPUs can be used, is
 * decided when they get their numbers (cpus.c).
 */
#include <drivers/acpi/madt.h>
#include <drivers/acpi/subtable.h>
#include <lib/errno.h>
#include <lib/string.h>

struct madt_head {
	struct acpi_table_header header;
	u32 lapic_addr;
	u32 flags;
} __packed;
_Static_assert(sizeof(struct madt_head) == 44, "ACPI 6.5, table 5.19");

#define MADT_PCAT_COMPAT BIT(0)

#define MADT_CPU_ENABLED	BIT(0)
#define MADT_CPU_ONLINE_CAPABLE BIT(1)
#define XAPIC_BROADCAST		0xff
#define X2APIC_BROADCAST	0xffffffffu
#define UID8_ALL		0xff
#define NR_ISA_IRQS		16
#define NR_LINTS		2

struct madt_local_apic { /* type 0 */
	struct acpi_subtable head;
	u8 uid, apicid;
	u32 flags;
} __packed;

struct madt_io_apic { /* type 1 */
	struct acpi_subtable head;
	u8 id, reserved;
	u32 addr, gsi_base;
} __packed;

struct madt_interrupt_override { /* type 2 */
	struct acpi_subtable head;
	u8 bus, source;
	u32 gsi;
	u16 flags;
} __packed;

struct madt_local_apic_nmi { /* type 4 */
	struct acpi_subtable head;
	u8 uid;
	u16 flags;
	u8 lint;
} __packed;

struct madt_local_apic_address { /* type 5 */
	struct acpi_subtable head;
	u16 reserved;
	u64 addr;
} __packed;

struct madt_local_x2apic { /* type 9 */
	struct acpi_subtable head;
	u16 reserved;
	u32 apicid, flags, uid;
} __packed;

struct madt_local_x2apic_nmi { /* type 10 */
	struct acpi_subtable head;
	u16 flags;
	u32 uid;
	u8 lint, reserved[3];
} __packed;

static const char *add_cpu(struct madt_info *info, u32 apicid, u32 uid, u32 flags)
{
	if (info->nr_cpus == NR_CPUS)
		return "a CPU more than there is room for";
	info->cpu[info->nr_cpus++] =
		(struct madt_cpu){.apicid = apicid,
				  .uid = uid,
				  .enabled = flags & MADT_CPU_ENABLED,
				  .online_capable = flags & MADT_CPU_ONLINE_CAPABLE};
	return NULL;
}

/*
 * Firmware fills sockets that are empty with disabled entries of the broadcast id: those are no
 * CPUs at all.
 */
static const char *broadcast_cpu(u32 flags)
{
	return flags & MADT_CPU_ENABLED ? "an enabled CPU with the broadcast id" : NULL;
}

static const char *decode_local_apic(const void *record, void *info)
{
	const struct madt_local_apic *e = record;

	if (e->apicid == XAPIC_BROADCAST)
		return broadcast_cpu(e->flags);
	return add_cpu(info, e->apicid, e->uid, e->flags);
}

static const char *decode_local_x2apic(const void *record, void *info)
{
	const struct madt_local_x2apic *e = record;

	if (e->apicid == X2APIC_BROADCAST)
		return broadcast_cpu(e->flags);
	return add_cpu(info, e->apicid, e->uid, e->flags);
}

static const char *decode_io_apic(const void *record, void *ctx)
{
	const struct madt_io_apic *e = record;
	struct madt_info *info = ctx;

	if (!e->addr)
		return "an I/O APIC at address 0";
	for (u32 i = 0; i < info->nr_ioapics; i++)
		if (info->ioapic[i].gsi_base == e->gsi_base || info->ioapic[i].addr == e->addr)
			return "an I/O APIC in the place of another";
	if (info->nr_ioapics == MADT_IOAPIC_MAX)
		return "an I/O APIC more than there is room for";
	info->ioapic[info->nr_ioapics++] =
		(struct madt_ioapic){.id = e->id, .addr = e->addr, .gsi_base = e->gsi_base};
	return NULL;
}

static const char *decode_interrupt_override(const void *record, void *ctx)
{
	const struct madt_interrupt_override *e = record;
	struct madt_info *info = ctx;

	if (e->bus || e->source >= NR_ISA_IRQS)
		return "an override of what is no ISA interrupt";
	for (u32 i = 0; i < info->nr_overrides; i++)
		if (info->override[i].source == e->source)
			return "a second override of one ISA interrupt";
	info->override[info->nr_overrides++] =
		(struct madt_override){.source = e->source, .gsi = e->gsi, .flags = e->flags};
	return NULL;
}
_Static_assert(MADT_OVERRIDE_MAX >= NR_ISA_IRQS, "one override each fits");

static const char *add_nmi(struct madt_info *info, u32 uid, u16 flags, u8 lint)
{
	if (lint >= NR_LINTS)
		return "an NMI on a pin that there is not";
	if (info->nr_nmis == MADT_NMI_MAX)
		return "an NMI pin more than there is room for";
	info->nmi[info->nr_nmis++] = (struct madt_nmi){.uid = uid, .flags = flags, .lint = lint};
	return NULL;
}

static const char *decode_local_apic_nmi(const void *record, void *info)
{
	const struct madt_local_apic_nmi *e = record;

	return add_nmi(info, e->uid == UID8_ALL ? MADT_UID_ALL : e->uid, e->flags, e->lint);
}

static const char *decode_local_x2apic_nmi(const void *record, void *info)
{
	const struct madt_local_x2apic_nmi *e = record;

	return add_nmi(info, e->uid, e->flags, e->lint);
}

static const char *decode_local_apic_address(const void *record, void *ctx)
{
	const struct madt_local_apic_address *e = record;
	struct madt_info *info = ctx;

	if (!e->addr)
		return "local APICs at address 0";
	info->lapic_addr = e->addr;
	return NULL;
}

static const struct acpi_subtable_kind kinds[] = {
	[0] = {sizeof(struct madt_local_apic), decode_local_apic},
	[1] = {sizeof(struct madt_io_apic), decode_io_apic},
	[2] = {sizeof(struct madt_interrupt_override), decode_interrupt_override},
	[4] = {sizeof(struct madt_local_apic_nmi), decode_local_apic_nmi},
	[5] = {sizeof(struct madt_local_apic_address), decode_local_apic_address},
	[9] = {sizeof(struct madt_local_x2apic), decode_local_x2apic},
	[10] = {sizeof(struct madt_local_x2apic_nmi), decode_local_x2apic_nmi},
};

int madt_parse(const struct acpi_table_header *table, struct madt_info *info,
	       void (*warn)(const char *what))
{
	const struct madt_head *head = (const struct madt_head *)table;

	if (memcmp(table->signature, ACPI_SIG_MADT, sizeof(table->signature)) ||
	    table->length < sizeof(*head))
		return -EINVAL;
	info->lapic_addr = head->lapic_addr;
	info->pcat_compat = head->flags & MADT_PCAT_COMPAT;
	info->nr_cpus = info->nr_ioapics = info->nr_overrides = info->nr_nmis = 0;
	info->refused =
		acpi_for_each_subtable(table, sizeof(*head), kinds, ARRAY_SIZE(kinds), info, warn);
	return 0;
}
