/*
 * From the RSDP to the list of tables (ACPI 6.5, section 5.2). Pure.
 *
 * Nothing that firmware says is believed before it is checked: an address before it could be
 * mapped, a length before it is used, a table's bytes before they sum to 0. What is refused is
 * named, and the walk goes on with the rest. It cannot loop: only the root table points to
 * others, and it has a bounded size.
 */
#include <drivers/acpi/acpi.h>
#include <lib/errno.h>
#include <lib/string.h>

#define ACPI_SIG_RSDP	    "RSD PTR "
#define ACPI_RSDP_ALIGN	    16
#define HEADER_SIZE	    sizeof(struct acpi_table_header)
#define ROOT_TABLE_SIZE_MAX KiB(4) /* some 500 tables; real machines have tens */

bool acpi_checksum_ok(const void *data, size_t len)
{
	const u8 *bytes = data;
	u8 sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += bytes[i];
	return sum == 0;
}

const char *acpi_check_rsdp(const void *p, size_t len)
{
	const struct acpi_rsdp *rsdp = p;

	if (len < ACPI_RSDP_V1_SIZE)
		return "too short";
	if (memcmp(rsdp->signature, ACPI_SIG_RSDP, sizeof(rsdp->signature)))
		return "no RSDP signature";
	if (!acpi_checksum_ok(p, ACPI_RSDP_V1_SIZE))
		return "bad checksum";
	if (rsdp->revision < 2)
		return NULL;
	if (len < ACPI_RSDP_V2_SIZE || rsdp->length < ACPI_RSDP_V2_SIZE || rsdp->length > len)
		return "impossible length";
	if (!acpi_checksum_ok(p, rsdp->length))
		return "bad extended checksum";
	return NULL;
}

const struct acpi_rsdp *acpi_scan_rsdp(const void *p, size_t len)
{
	const char *bytes = p;

	for (size_t at = 0; at + ACPI_RSDP_V1_SIZE <= len; at += ACPI_RSDP_ALIGN) {
		if (bytes[at] == ACPI_SIG_RSDP[0] && !acpi_check_rsdp(bytes + at, len - at))
			return (const struct acpi_rsdp *)(bytes + at);
	}
	return NULL;
}

const char *acpi_check_length(const struct acpi_table_header *header)
{
	if (header->length < HEADER_SIZE)
		return "shorter than its header";
	if (header->length > ACPI_TABLE_SIZE_MAX)
		return "impossibly long";
	return NULL;
}

const struct acpi_table_header *acpi_map_table(const struct acpi_mem *mem,
					       const struct acpi_table_ref *ref)
{
	const struct acpi_table_header *table = mem->map(mem, ref->addr, ref->length);

	if (!table) {
		mem->refuse(mem, ref->signature, ref->addr, "not all of it is readable");
		return NULL;
	}
	/*
	 * The length again: another mapping may show other bytes, and a checksum over fewer
	 * proves nothing.
	 */
	if (table->length != ref->length || !acpi_checksum_ok(table, ref->length)) {
		mem->refuse(mem, ref->signature, ref->addr, "bad checksum");
		mem->unmap(mem, table);
		return NULL;
	}
	return table;
}

/* Signatures go to the log and the screen; no real one has other characters. */
static char printable(char c)
{
	return c >= ' ' && c <= '~' ? c : '?';
}

/* Fill in a reference from the header at addr. false: refused. */
static bool read_header(const struct acpi_mem *mem, phys_addr_t addr, struct acpi_table_ref *ref)
{
	const struct acpi_table_header *header = mem->map(mem, addr, HEADER_SIZE);
	const char *why;

	if (!header) {
		mem->refuse(mem, "????", addr, "not readable");
		return false;
	}
	*ref = (struct acpi_table_ref){.length = header->length, .addr = addr};
	for (size_t i = 0; i < sizeof(header->signature); i++)
		ref->signature[i] = printable(header->signature[i]);
	why = acpi_check_length(header);
	mem->unmap(mem, header);
	if (why)
		mem->refuse(mem, ref->signature, addr, why);
	return !why;
}

static bool is_listed(const struct acpi_table_list *list, phys_addr_t addr)
{
	if (addr == list->root.addr)
		return true;
	for (u32 i = 0; i < list->nr; i++) {
		if (list->table[i].addr == addr)
			return true;
	}
	return false;
}

const struct acpi_table_ref *acpi_add_table(const struct acpi_mem *mem,
					    struct acpi_table_list *list, phys_addr_t addr)
{
	struct acpi_table_ref *ref = &list->table[list->nr];

	if (is_listed(list, addr)) {
		mem->refuse(mem, "????", addr, "listed twice");
		return NULL;
	}
	if (list->nr == ACPI_TABLES_MAX) {
		mem->refuse(mem, "????", addr, "too many tables");
		return NULL;
	}
	if (!read_header(mem, addr, ref))
		return NULL;
	list->nr++;
	return ref;
}

/* The entries of an RSDT are 4 bytes wide, those of an XSDT 8, and neither need be aligned. */
static void list_entries(const struct acpi_mem *mem, const struct acpi_table_header *root,
			 size_t width, struct acpi_table_list *list)
{
	const u8 *entry = (const u8 *)(root + 1);

	for (size_t left = root->length - HEADER_SIZE; left >= width; left -= width) {
		u64 addr = 0;

		memcpy(&addr, entry, width);
		entry += width;
		if (addr)
			acpi_add_table(mem, list, addr);
	}
}

static int list_root(const struct acpi_mem *mem, phys_addr_t addr, const char *signature,
		     size_t width, struct acpi_table_list *list)
{
	const struct acpi_table_header *root;

	if (!read_header(mem, addr, &list->root))
		return -EINVAL;
	if (strcmp(list->root.signature, signature) || list->root.length > ROOT_TABLE_SIZE_MAX) {
		mem->refuse(mem, list->root.signature, addr, "not a root table");
		return -EINVAL;
	}
	root = acpi_map_table(mem, &list->root);
	if (!root)
		return -EINVAL;
	list_entries(mem, root, width, list);
	mem->unmap(mem, root);
	return 0;
}

int acpi_list_tables(const struct acpi_mem *mem, const struct acpi_rsdp *rsdp,
		     struct acpi_table_list *list)
{
	list->nr = 0;
	/*
	 * 5.2.7: with an XSDT the RSDT is not looked at; if the XSDT is unsound it is better
	 * than nothing.
	 */
	if (rsdp->revision >= 2 && rsdp->xsdt_address &&
	    !list_root(mem, rsdp->xsdt_address, ACPI_SIG_XSDT, sizeof(u64), list))
		return 0;
	if (!list_root(mem, rsdp->rsdt_address, ACPI_SIG_RSDT, sizeof(u32), list))
		return 0;
	list->root = (struct acpi_table_ref){0};
	return -EINVAL;
}

const char *acpi_read_fadt(const struct acpi_table_header *header, struct acpi_fadt *fadt)
{
	if (memcmp(header->signature, ACPI_SIG_FADT, sizeof(header->signature)))
		return "not a FADT";
	if (header->length < ACPI_FADT_V1_SIZE)
		return "too short";
	memset(fadt, 0, sizeof(*fadt));
	memcpy(fadt, header, min((size_t)header->length, sizeof(*fadt)));
	return NULL;
}

phys_addr_t acpi_fadt_dsdt(const struct acpi_fadt *fadt)
{
	return fadt->xdsdt ? fadt->xdsdt : fadt->dsdt;
}
