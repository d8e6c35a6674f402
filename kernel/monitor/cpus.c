/*
 * `cpus`: the CPUs of the machine, started or not: numbers, place, state, and what sets them
 * apart.
 */
#include <arch/apicid.h>
#include <arch/identify.h>
#include <arch/topology.h>
#include <lib/command.h>
#include <lib/cpumask.h>
#include <lib/vsprintf.h>

#define COLUMNS "%3s %10s %10s %7s %3s %4s %6s  %s\n"

static const char *cpu_state(u32 cpu)
{
	if (cpu_online(cpu))
		return "online";
	if (!cpumask_test_cpu(cpu, &cpu_present_mask))
		return "absent, may be plugged in";
	return cpu < setup_max_cpus() ? "present, not started" : "present, not started: maxcpus";
}

static void show_cpu(u32 cpu)
{
	struct cpu_place place = topology_place(&boot_topology, cpu_to_apicid(cpu));
	u32 acpi_uid = cpu_to_acpi_uid(cpu);
	char uid[12] = "-", difference[256];

	if (acpi_uid != BAD_UID)
		snprintf(uid, sizeof(uid), "%u", acpi_uid);
	con_printf("%3u %10u %10s %7u %3u %4u %6u  %s\n", cpu, cpu_to_apicid(cpu), uid,
		   place.package, place.die, place.core, place.thread, cpu_state(cpu));
	if (cpu_difference(cpu, difference, sizeof(difference)))
		con_printf("    %s\n", difference);
}

static int cmd_cpus(int argc, char **argv)
{
	u32 cpu;

	(void)argc;
	(void)argv;
	con_printf(COLUMNS, "CPU", "APIC id", "ACPI uid", "package", "die", "core", "thread",
		   "state");
	for_each_possible_cpu(cpu)
	{
		if (con_break())
			return 0;
		show_cpu(cpu);
	}
	con_printf("%u online, %u present, %u possible; topology by CPUID %s: shifts %u, %u, %u\n",
		   num_online_cpus(), cpumask_weight(&cpu_present_mask),
		   cpumask_weight(&cpu_possible_mask), topology_source_name(boot_topology.source),
		   boot_topology.core_shift, boot_topology.die_shift, boot_topology.package_shift);
	return 0;
}
COMMAND("cpus", "", "the CPUs: their ids, where they are, how they differ", cmd_cpus);
