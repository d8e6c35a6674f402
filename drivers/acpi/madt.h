/*
 * The MADT (ACPI 6.5, 5.2.12): which CPUs there are and how interrupts reach them. Pure decoding
 * into one struct; the kernel's side hands it to the APIC-ID map and the APIC drivers.
 */
#ifndef DRIVERS_ACPI_MADT_H
#define DRIVERS_ACPI_MADT_H

#include <arch/apicid.h>
#include <drivers/acpi/acpi.h>
#include <lib/cpumask.h>

#define ACPI_SIG_MADT "APIC"

#define MADT_IOAPIC_MAX	  16
#define MADT_OVERRIDE_MAX 16
#define MADT_NMI_MAX	  32
#define MADT_UID_ALL	  0xffffffffu

struct madt_cpu {
	u32 apicid, uid;
	bool enabled;	     /* flags bit 0 */
	bool online_capable; /* flags bit 1 */
};

struct madt_info {
	phys_addr_t lapic_addr; /* type 5 overrides the header's */
	bool pcat_compat;	/* there is a pair of 8259s */
	u32 nr_cpus;
	struct madt_cpu cpu[NR_CPUS];
	u32 nr_ioapics;
	struct madt_ioapic {
		u8 id;
		u32 addr, gsi_base;
	} ioapic[MADT_IOAPIC_MAX];
	u32 nr_overrides;
	struct madt_override {
		u8 source; /* ISA IRQ */
		u32 gsi;
		u16 flags; /* bits 1:0 polarity, 3:2 trigger (MPS INTI) */
	} override[MADT_OVERRIDE_MAX];
	u32 nr_nmis; /* LINT pins wired to NMI: types 4 and 10 */
	struct madt_nmi {
		u32 uid; /* MADT_UID_ALL: every CPU */
		u16 flags;
		u8 lint;
	} nmi[MADT_NMI_MAX];
	u32 refused; /* entries that made no sense or found no room; each was reported */
};

/*
 * Decode a whole, checksummed MADT; `warn` is told what was refused. 0, or -EINVAL when it is
 * none. Pure.
 */
int madt_parse(const struct acpi_table_header *table, struct madt_info *info,
	       void (*warn)(const char *what));

/* What becomes of an entry for a CPU. */
enum madt_fate {
	MADT_PRESENT,	  /* enabled: it has a number and can be started */
	MADT_ABSENT,	  /* may be plugged in: its number is behind those of all present */
	MADT_DISABLED,	  /* can never be used */
	MADT_DUPLICATE,	  /* the id of an earlier entry */
	MADT_UNREACHABLE, /* an id of more than 8 bits, and no x2APIC to address it */
	MADT_NO_ROOM,	  /* more than NR_CPUS */
	NR_MADT_FATES
};

struct madt_census {
	u32 count[NR_MADT_FATES];
	u32 first[NR_MADT_FATES]; /* the APIC id of the first of them */
	bool boot_listed;	  /* an enabled entry is the boot CPU's */
};

/*
 * Give the CPUs of a MADT their numbers, in its order: add() is apicid_register() or behaves like
 * it, and has the boot CPU already. Pure.
 */
void madt_number_cpus(const struct madt_info *info, int (*add)(u32 apicid, u32 uid), bool x2apic,
		      u32 boot_apicid, struct madt_census *census);

/*
 * Boot, after acpi_init(), once, on the boot CPU: its topology, the APIC-ID map, nr_cpu_ids, the
 * possible and the present mask. Says what it left out and why; without a MADT there is one CPU,
 * and it says so.
 */
void acpi_init_cpus(void);
/* The decoded MADT of this machine, or NULL without one. After acpi_init_cpus(). */
const struct madt_info *acpi_madt(void);

#endif
