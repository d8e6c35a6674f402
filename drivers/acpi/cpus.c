/*
 * From the MADT's entries to CPU numbers.
 *
 * Every enabled entry gets the next number, in the order of the table, behind the boot CPU; then
 * those that could be plugged in. So the present CPUs are 0 to n - 1 without a hole, whatever
 * their ids. What gets no number is counted by reason, and each reason is one line of the log.
 */
#define pr_fmt(fmt) "ACPI: " fmt

#include <arch/cpufeature.h>
#include <arch/topology.h>
#include <drivers/acpi/madt.h>
#include <lib/errno.h>
#include <lib/printk.h>

#define XAPIC_IDS 255 /* 0 to 254: 255 is the broadcast id */

/* ---- pure ------------------------------------------------------------------------------------ */

static enum madt_fate number_cpu(const struct madt_cpu *cpu, int (*add)(u32 apicid, u32 uid),
				 bool x2apic)
{
	if (cpu->apicid >= XAPIC_IDS && !x2apic)
		return MADT_UNREACHABLE;
	switch (add(cpu->apicid, cpu->uid)) {
	case -EEXIST:
		return MADT_DUPLICATE;
	case -ENOSPC:
		return MADT_NO_ROOM;
	case -EINVAL:
		return MADT_DISABLED;
	default:
		return cpu->enabled ? MADT_PRESENT : MADT_ABSENT;
	}
}

static void count(struct madt_census *census, enum madt_fate fate, u32 apicid)
{
	if (!census->count[fate]++)
		census->first[fate] = apicid;
}

void madt_number_cpus(const struct madt_info *info, int (*add)(u32 apicid, u32 uid), bool x2apic,
		      u32 boot_apicid, struct madt_census *census)
{
	*census = (struct madt_census){0};
	for (u32 i = 0; i < info->nr_cpus; i++) {
		const struct madt_cpu *cpu = &info->cpu[i];
		enum madt_fate fate;

		if (!cpu->enabled)
			continue;
		fate = number_cpu(cpu, add, x2apic);
		if (fate == MADT_DUPLICATE && cpu->apicid == boot_apicid && !census->boot_listed) {
			census->boot_listed = true; /* it had its number before */
			fate = MADT_PRESENT;
		}
		count(census, fate, cpu->apicid);
	}
	for (u32 i = 0; i < info->nr_cpus; i++) {
		const struct madt_cpu *cpu = &info->cpu[i];

		if (!cpu->enabled)
			count(census,
			      cpu->online_capable ? number_cpu(cpu, add, x2apic) : MADT_DISABLED,
			      cpu->apicid);
	}
}

/* ---- this machine's -------------------------------------------------------------------------- */

static struct madt_info madt;
static bool have_madt;

const struct madt_info *acpi_madt(void)
{
	return have_madt ? &madt : NULL;
}

/* A table may hold a thousand entries, and all of them nonsense. */
#define REFUSALS_SHOWN 8
static u32 refusals;

static __init void warn_refused(const char *what)
{
	if (refusals++ < REFUSALS_SHOWN)
		pr_warn("MADT: %s; ignored\n", what);
}

static __init void read_madt(void)
{
	const struct acpi_table_header *table = acpi_get_table(ACPI_SIG_MADT, 0);

	if (!table)
		return;
	have_madt = !madt_parse(table, &madt, warn_refused);
	if (!have_madt)
		pr_warn("MADT: too short; ignored\n");
	if (refusals > REFUSALS_SHOWN)
		pr_warn("MADT: %u entries ignored in all\n", refusals);
	acpi_put_table(table);
}

static __init void report(const struct madt_census *census)
{
	static const char *const words[NR_MADT_FATES] = {
		[MADT_ABSENT] = "absent, may be plugged in",
		[MADT_DISABLED] = "disabled by the firmware",
		[MADT_DUPLICATE] = "listed a second time; ignored",
		[MADT_UNREACHABLE] = "beyond 8 bits, and there is no x2APIC; ignored",
		[MADT_NO_ROOM] = "more than Teak has room for; ignored",
	};

	for (u32 fate = 0; fate < NR_MADT_FATES; fate++) {
		u32 n = census->count[fate];

		if (n && words[fate])
			printk(fate > MADT_DISABLED
				       ? KERN_WARNING pr_fmt("%u CPU%s %s (APIC id %u%s)\n")
				       : KERN_INFO pr_fmt("%u CPU%s %s (APIC id %u%s)\n"),
			       n, n > 1 ? "s" : "", words[fate], census->first[fate],
			       n > 1 ? ", ..." : "");
	}
}

static __init void number_cpus(u32 boot_apicid)
{
	struct madt_census census;

	madt_number_cpus(&madt, apicid_register, cpu_has(X86_FEATURE_X2APIC), boot_apicid, &census);
	if (!census.boot_listed)
		pr_warn("the boot CPU, APIC id %u, is not in the MADT\n", boot_apicid);
	for (u32 cpu = 1; cpu < nr_cpu_ids; cpu++) {
		cpumask_set_cpu(cpu, &cpu_possible_mask);
		if (cpu < nr_cpu_ids - census.count[MADT_ABSENT])
			cpumask_set_cpu(cpu, &cpu_present_mask);
	}
	report(&census);
}

void __init acpi_init_cpus(void)
{
	u32 boot_apicid = topology_init(), present;

	apicid_init(boot_apicid);
	read_madt();
	if (!have_madt) {
		pr_info("no MADT: one CPU\n");
		return;
	}
	number_cpus(boot_apicid);
	present = cpumask_weight(&cpu_present_mask);
	if (setup_max_cpus() < present)
		pr_info("%u CPUs present, %u to be used (maxcpus=)\n", present, setup_max_cpus());
	else
		pr_info("%u CPU%s present\n", present, present > 1 ? "s" : "");
}
