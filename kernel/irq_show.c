/*
 * The command `irq`: every interrupt there is, by line and by CPU, as
 * /proc/interrupts has it; and `irq LINE CPU`, /proc/irq/LINE/smp_affinity's counterpart.
 */
#include <arch/lapic.h>
#include <kernel/irq_internal.h>
#include <kernel/irq_vector.h>
#include <kernel/smp.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/kstrtox.h>
#include <lib/string.h>

#define COLUMNS_MAX 8 /* CPUs with a column of their own; if there are more, a total follows */

static struct irq_stat *stats;

void irq_register_stat(struct irq_stat *stat)
{
	struct irq_stat **link = &stats;

	while (*link)
		link = &(*link)->next;
	stat->next = NULL;
	*link = stat;
}

/* ---- a row ----------------------------------------------------------------------------------- */

static void show_head(void)
{
	u32 cpu, n = 0;

	con_printf("%4s", "");
	for_each_online_cpu(cpu)
	{
		if (n++ == COLUMNS_MAX)
			break;
		con_printf("       CPU%u", cpu);
	}
	con_printf(n > COLUMNS_MAX ? "      total\n" : "\n");
}

/* What no column says the total does. */
static void show_counts(u64 (*count)(u32 cpu, const void *ctx), const void *ctx)
{
	u32 cpu, n = 0;
	u64 sum = 0;

	for_each_online_cpu(cpu)
	{
		u64 value = count(cpu, ctx);

		if (n++ < COLUMNS_MAX)
			con_printf(" %10llu", value);
		sum += value;
	}
	if (n > COLUMNS_MAX)
		con_printf(" %10llu", sum);
}

static u64 line_count(u32 cpu, const void *ctx)
{
	return per_cpu(irq_counts, cpu)[*(const u32 *)ctx];
}

static void show_line(u32 irq)
{
	const struct irq_desc *desc = &irq_descs[irq];

	con_printf("%3u:", irq);
	show_counts(line_count, &irq);
	con_printf("  %s %u-%s", desc->chip->name, desc->hw, desc->level ? "level" : "edge");
	if (desc->vector)
		con_printf("  CPU %u vector %u", desc->cpu, desc->vector);
	con_printf("  %s", desc->name ? desc->name : "-");
	if (desc->unhandled)
		con_printf(", %llu unwanted", desc->unhandled);
	if (desc->spurious)
		con_printf(", %llu spurious", desc->spurious);
	if (irq_masked(irq))
		con_printf(", masked");
	con_printf("\n");
}

static u64 stat_count(u32 cpu, const void *ctx)
{
	return ((const struct irq_stat *)ctx)->count(cpu);
}

static void show_stat(const struct irq_stat *stat)
{
	con_printf("%3s:", stat->label);
	show_counts(stat_count, stat);
	con_printf("  %s\n", stat->what);
}

/* ---- interrupts that are no line ------------------------------------------------------------- */

static u64 count_nmi(u32 cpu)
{
	return per_cpu(nmis_here, cpu);
}

static u64 count_reschedule(u32 cpu)
{
	return per_cpu(smp_stats, cpu).reschedules;
}

static u64 count_calls(u32 cpu)
{
	return per_cpu(smp_stats, cpu).calls_run;
}

static u64 count_spurious(u32 cpu)
{
	struct lapic_counts counts;

	lapic_counts_of(cpu, &counts);
	return counts.spurious;
}

static u64 count_errors(u32 cpu)
{
	struct lapic_counts counts;

	lapic_counts_of(cpu, &counts);
	return counts.errors;
}

static u64 count_stray(u32 cpu)
{
	return per_cpu(stray_vectors, cpu);
}

static const struct irq_stat own_stats[] = {
	{"NMI", "non-maskable interrupts", count_nmi, NULL},
	{"RES", "rescheduling interrupts", count_reschedule, NULL},
	{"CAL", "function calls from other CPUs", count_calls, NULL},
	{"SPU", "spurious interrupts of the local APIC", count_spurious, NULL},
	{"ERR", "local APIC errors", count_errors, NULL},
	{"STR", "interrupts on a vector that is no line's", count_stray, NULL},
};

/* ---- the command ----------------------------------------------------------------------------- */

static bool worth_showing(u32 irq)
{
	const struct irq_desc *desc = &irq_descs[irq];

	return desc->chip && (desc->handler || desc->spurious || irq_count(irq));
}

static int show_all(void)
{
	if (!irq_available())
		con_printf("no interrupt chip\n");
	show_head();
	for (u32 irq = 0; irq < NR_IRQS; irq++)
		if (worth_showing(irq))
			show_line(irq);
	for (size_t i = 0; i < ARRAY_SIZE(own_stats); i++)
		show_stat(&own_stats[i]);
	for (const struct irq_stat *stat = stats; stat; stat = stat->next)
		show_stat(stat);
	return 0;
}

static int set_affinity(const char *line, const char *where)
{
	u64 irq, cpu;
	int err;

	if (kstrtou64(line, 0, &irq) || kstrtou64(where, 0, &cpu) || irq >= NR_IRQS ||
	    cpu >= NR_CPUS)
		return -EINVAL;
	err = irq_set_affinity((u32)irq, (u32)cpu);
	if (err == -EOPNOTSUPP)
		con_printf("line %llu is wired to the boot CPU\n", irq);
	if (err == -ENXIO)
		con_printf("CPU %llu is not online\n", cpu);
	return err;
}

static int cmd_irq(int argc, char **argv)
{
	if (argc == 3)
		return set_affinity(argv[1], argv[2]);
	return argc == 1 ? show_all() : -EINVAL;
}
COMMAND("irq", "[LINE CPU]", "interrupts counted by line and CPU; deliver a line to a CPU",
	cmd_irq);
