/*
 * ACPI's tables: finding and checking them (ACPI 6.5, section 5.2).
 *
 * Two layers. tables.c is pure: it checks bytes, and walks from the RSDP to the list of
 * tables through a struct acpi_mem, so that the host tests and the fuzzer run the same code.
 * acpi.c is the kernel's binding: memremap_ro(), the log, and the question "where is the table X?".
 */
#ifndef DRIVERS_ACPI_ACPI_H
#define DRIVERS_ACPI_ACPI_H

#include <lib/types.h>

/* Root System Description Pointer, 5.2.5.3. The first 20 bytes are all that revision 0 has. */
struct acpi_rsdp {
	char signature[8]; /* "RSD PTR " */
	u8 checksum;	   /* of the first 20 bytes */
	char oem_id[6];
	u8 revision; /* 0: ACPI 1.0; 2: the rest is there */
	u32 rsdt_address;
	u32 length;
	u64 xsdt_address;
	u8 extended_checksum; /* of all `length` bytes */
	u8 reserved[3];
} __packed;

#define ACPI_RSDP_V1_SIZE 20
#define ACPI_RSDP_V2_SIZE 36

/* System Description Table Header, 5.2.6. Every table but the FACS begins with it. */
struct acpi_table_header {
	char signature[4];
	u32 length; /* of the whole table, this header included */
	u8 revision;
	u8 checksum; /* makes all bytes of the table sum to 0 */
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	char creator_id[4];
	u32 creator_revision;
} __packed;

#define ACPI_SIG_RSDT "RSDT"
#define ACPI_SIG_XSDT "XSDT"
#define ACPI_SIG_FADT "FACP"
#define ACPI_SIG_DSDT "DSDT"

/* A real DSDT is at most some hundred KiB; a table beyond this is a lie. */
#define ACPI_TABLE_SIZE_MAX MiB(2)
#define ACPI_TABLES_MAX	    64

/* Generic Address Structure, 5.2.3.2. */
struct acpi_generic_address {
	u8 space_id;
	u8 bit_width;
	u8 bit_offset;
	u8 access_width;
	u64 address;
} __packed;

#define ACPI_ADR_SPACE_SYSTEM_MEMORY 0
#define ACPI_ADR_SPACE_SYSTEM_IO     1

/*
 * Fixed ACPI Description Table, 5.2.9. Revision 1 ends after `flags`; what a table lacks reads
 * as 0.
 */
struct acpi_fadt {
	struct acpi_table_header header;
	u32 facs;
	u32 dsdt;
	u8 reserved;
	u8 preferred_profile;
	u16 sci_interrupt;
	u32 smi_command;
	u8 acpi_enable, acpi_disable;
	u8 s4_bios_request, pstate_control;
	u32 pm1a_event_block, pm1b_event_block;
	u32 pm1a_control_block, pm1b_control_block;
	u32 pm2_control_block;
	u32 pm_timer_block;
	u32 gpe0_block, gpe1_block;
	u8 pm1_event_length, pm1_control_length, pm2_control_length, pm_timer_length;
	u8 gpe0_block_length, gpe1_block_length, gpe1_base;
	u8 cst_control;
	u16 c2_latency, c3_latency;
	u16 flush_size, flush_stride;
	u8 duty_offset, duty_width;
	u8 day_alarm, month_alarm, century;
	u16 boot_flags;
	u8 reserved2;
	u32 flags;
	struct acpi_generic_address reset_register;
	u8 reset_value;
	u16 arm_boot_flags;
	u8 minor_revision;
	u64 xfacs;
	u64 xdsdt;
	struct acpi_generic_address xpm1a_event_block, xpm1b_event_block;
	struct acpi_generic_address xpm1a_control_block, xpm1b_control_block;
	struct acpi_generic_address xpm2_control_block;
	struct acpi_generic_address xpm_timer_block;
	struct acpi_generic_address xgpe0_block, xgpe1_block;
	struct acpi_generic_address sleep_control, sleep_status;
	u64 hypervisor_id;
} __packed;
_Static_assert(sizeof(struct acpi_fadt) == 276, "ACPI 6.5, table 5.9");

#define ACPI_FADT_V1_SIZE	 116
#define ACPI_FADT_RESET_REGISTER BIT(10)
#define ACPI_FADT_HW_REDUCED	 BIT(20)

/* ---- pure: tables.c and aml.c ------------------------------------------------------------- */

/* The bytes sum to 0. */
bool acpi_checksum_ok(const void *data, size_t len);
/* NULL when the `len` readable bytes at p are a sound RSDP, else what is wrong with them. */
const char *acpi_check_rsdp(const void *p, size_t len);
/* The first sound RSDP on a 16-byte boundary of [p, p+len), or NULL. */
const struct acpi_rsdp *acpi_scan_rsdp(const void *p, size_t len);
/* NULL when the length that a header claims is possible, else what is wrong with it. */
const char *acpi_check_length(const struct acpi_table_header *header);

/* How the walk reads physical memory, and how it says what it refused. */
struct acpi_mem {
	/*
	 * A pointer to [phys, phys+len), or NULL when that cannot be read. Each is given back
	 * by unmap().
	 */
	const void *(*map)(const struct acpi_mem *mem, phys_addr_t phys, size_t len);
	void (*unmap)(const struct acpi_mem *mem, const void *p);
	/*
	 * The table `signature` (4 characters, whatever the firmware wrote) at `phys` was
	 * refused.
	 */
	void (*refuse)(const struct acpi_mem *mem, const char *signature, phys_addr_t phys,
		       const char *why);
	void *ctx;
};

struct acpi_table_ref {
	char signature[5];
	u32 length;
	phys_addr_t addr;
};

struct acpi_table_list {
	struct acpi_table_ref root; /* the RSDT or XSDT */
	u32 nr;
	struct acpi_table_ref table[ACPI_TABLES_MAX];
};

/*
 * List the tables that the RSDP's XSDT (or RSDT) points to. Their headers are read, their checksums
 * are not computed: acpi_map_table() does that for a table that is used. 0, or -EINVAL when
 * there is no sound root table.
 */
int acpi_list_tables(const struct acpi_mem *mem, const struct acpi_rsdp *rsdp,
		     struct acpi_table_list *list);
/* Map a listed table whole, its checksum verified. NULL: refused (said why). */
const struct acpi_table_header *acpi_map_table(const struct acpi_mem *mem,
					       const struct acpi_table_ref *ref);
/* Note the table at addr in the list: its header must be sound. NULL: refused, or no room. */
const struct acpi_table_ref *acpi_add_table(const struct acpi_mem *mem,
					    struct acpi_table_list *list, phys_addr_t addr);
/* Copy a FADT of any revision; what it is too short for is 0. NULL, or what is wrong with it. */
const char *acpi_read_fadt(const struct acpi_table_header *header, struct acpi_fadt *fadt);
/* Where a FADT says the DSDT is; 0: nowhere. */
phys_addr_t acpi_fadt_dsdt(const struct acpi_fadt *fadt);

/*
 * Find the package \_S5_ in AML and take its first two numbers: what to write into SLP_TYPa and
 * SLP_TYPb to switch the machine off (7.4.2). false: not there, or not understood.
 */
bool acpi_find_s5(const u8 *aml, size_t len, u8 *typ_a, u8 *typ_b);

/* ---- the kernel's: acpi.c and sleep.c ----------------------------------------------------- */

/*
 * Find the tables and register the ways to switch off and restart. The RSDP is a copy (len 0:
 * none), or lies at rsdp_addr (0: unknown), or is looked for. Without ACPI it says so and does
 * nothing. Boot; maps memory.
 */
void acpi_init(const u8 *rsdp_copy, u32 rsdp_len, phys_addr_t rsdp_addr);
/*
 * The n-th (from 0) table of this signature, mapped and verified, or NULL. Give it back with
 * acpi_put_table(). May not be called in interrupts.
 */
const struct acpi_table_header *acpi_get_table(const char *signature, u32 n);
void acpi_put_table(const struct acpi_table_header *table);
/* The FADT, or NULL without ACPI. */
const struct acpi_fadt *acpi_fadt(void);
/* Print "madt", "fadt", "hpet", "mcfg" or "srat" in words; -EINVAL for another name. For `acpi`. */
int acpi_show(const char *name);

/*
 * Register the power methods that the FADT offers. `dsdt` stays mapped for good (NULL: there is
 * none); it is looked at when the machine is switched off, not before. From acpi_init().
 */
void acpi_sleep_init(const struct acpi_fadt *fadt, const void *dsdt, u32 dsdt_length);

#endif
