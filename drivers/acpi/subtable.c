/*
 * Walking records that give their own length. The walk cannot leave the table, because each length
 * is held against what is left, and it cannot stand still, because a length is at least that of
 * the head.
 */
#include <drivers/acpi/subtable.h>

static const char *decode(const struct acpi_subtable *record,
			  const struct acpi_subtable_kind *kinds, u32 nr_kinds, void *ctx)
{
	const struct acpi_subtable_kind *kind;

	if (record->type >= nr_kinds || !kinds[record->type].length)
		return NULL; /* a newer ACPI's, or nothing to us */
	kind = &kinds[record->type];
	if (record->length < kind->length)
		return "an entry shorter than its type";
	return kind->decode(record, ctx);
}

u32 acpi_for_each_subtable(const struct acpi_table_header *table, u32 head,
			   const struct acpi_subtable_kind *kinds, u32 nr_kinds, void *ctx,
			   void (*warn)(const char *what))
{
	const u8 *at = (const u8 *)table + head;
	u32 left = table->length - head, refused = 0;

	while (left) {
		const struct acpi_subtable *record = (const struct acpi_subtable *)at;
		const char *why;

		if (left < sizeof(*record) || record->length < sizeof(*record) ||
		    record->length > left) {
			warn("an entry with an impossible length, and all behind it");
			return refused + 1;
		}
		why = decode(record, kinds, nr_kinds, ctx);
		if (why) {
			warn(why);
			refused++;
		}
		at += record->length;
		left -= record->length;
	}
	return refused;
}
