/*
 * The one list of what starts, in order. boot/entry64.asm calls kernel_main()
 * with a stack, the early page tables and interrupts off; it ends in the
 * monitor, which never returns. `initcall` on the command line shows what each step cost.
 */
#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/lapic.h>
#include <arch/irqflags.h>
#include <arch/percpu.h>
#include <arch/page.h>
#include <arch/stacktrace.h>
#include <arch/traps.h>
#include <arch/tsc.h>
#include <boot/boot.h>
#include <drivers/acpi/acpi.h>
#include <drivers/clock/clock.h>
#include <drivers/acpi/madt.h>
#include <drivers/input/i8042.h>
#include <drivers/irqchip/irqchip.h>
#include <drivers/platform/emulator.h>
#include <drivers/serial/uart16550.h>
#include <drivers/video/vga_text.h>
#include <kernel/bench.h>
#include <kernel/irq.h>
#include <kernel/ktest.h>
#include <kernel/main.h>
#include <kernel/monitor/monitor.h>
#include <kernel/power.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/timekeeping.h>
#include <kernel/smp.h>
#include <kernel/smpboot.h>
#include <lib/bug.h>
#include <lib/param.h>
#include <mm/fault_inject.h>
#include <mm/ioremap.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

static bool initcall_debug;
PARAM("initcall", PARAM_FLAG(&initcall_debug),
      "show each step of the start-up with its cost in cycles");

static u32 loader_magic;
static phys_addr_t loader_info;

static __init void step_loader(void)
{
	boot_info_init(loader_magic, loader_info);
}

static __init void warn_param(void *ctx, const char *name, const char *why)
{
	(void)ctx;
	pr_warn("boot parameter %s: %s; ignored\n", name, why);
}

static __init void step_params(void)
{
	parse_params(boot_info.cmdline, __start_registry_params, __stop_registry_params, warn_param,
		     NULL);
	pr_info("Teak, booted by %s (%s)\n", boot_info.loader[0] ? boot_info.loader : "a loader",
		boot_info.protocol);
	pr_info("command line: %s\n", boot_info.cmdline);
}

static __init void step_memory(void)
{
	mm_init_memory(&boot_info.memmap);
	for (u32 i = 0; i < boot_info.nr_modules; i++) {
		const struct boot_module *m = &boot_info.modules[i];

		if (memblock_reserve(m->start, m->end - m->start))
			panic("cannot reserve module %u at %#llx", i, m->start);
	}
	if (memblock_reserve(boot_info.lost_start, boot_info.lost_end - boot_info.lost_start))
		panic("cannot reserve the modules that were too many");
}

/* A firmware without text mode (UEFI) leaves a framebuffer; everything else has VGA text, or nothing. */
static __init void step_screen(void)
{
	const struct framebuffer_info *fb = &boot_info.framebuffer;

	if (fb->addr && !fb->text)
		fbcon_init(fb);
	else
		vga_text_init();
}

static __init void step_power(void)
{
	power_init();
	emulator_power_init();
}

static __init void step_acpi(void)
{
	acpi_init(boot_info.rsdp_len ? boot_info.rsdp : NULL, boot_info.rsdp_len,
		  boot_info.rsdp_addr);
}

static __init void step_apic(void)
{
	phys_addr_t phys = lapic_phys();

	if (phys && lapic_init(ioremap(phys, PAGE_SIZE)) == 0)
		smp_init();
}

/* Wait for a typed byte: with interrupts off no byte can slip in between the look and the HLT. */
static void wait_for_input(void)
{
	local_irq_disable();
	if (con_input_pending())
		local_irq_enable();
	else
		safe_halt();
}

/* The monitor runs on the boot CPU, and the device that it waits for may interrupt another one. */
static void wake_monitor(void)
{
	if (smp_processor_id() != 0)
		smp_send_reschedule(0);
}

/* With a console that must be polled, waiting means looking again and again. */
static bool all_consoles_irq_driven(void)
{
	for (struct console *con = first_console(); con; con = con->next)
		if (con->poll && !con->irq_driven)
			return false;
	return true;
}

static __init void step_interrupts(void)
{
	irqchip_init(acpi_madt());
	i8042_init();
	uart16550_enable_irq();
	local_irq_enable();
	con_wake = wake_monitor;
	if (all_consoles_irq_driven())
		con_idle = wait_for_input;
}

static __init void step_timers(void)
{
	clock_events_init();
	tsc_refine_init();
}

/* Everything before the first step works without any of it; each step says what it needs. */
static const struct init_step {
	const char *name;
	void (*run)(void);
} steps[] = {
	{"traps", trap_init},		  /* from here on a fault is a report */
	{"serial", uart16550_early_init}, /* ... that somebody can read */
	{"cpu", cpu_init},		  /* CPUID -> boot_cpu_data */
	{"clock", tsc_early_init},	  /* starts measuring the TSC; nothing waits for it */
	{"loader", step_loader},	  /* -> boot_info, through the early map of 4 GiB */
	{"params", step_params},
	{"kvmclock", kvmclock_init},	    /* a frequency for the TSC, on KVM */
	{"power", step_power},		    /* what panic= says, ways out of an emulator */
	{"memory", step_memory},	    /* firmware's map -> memblock */
	{"paging", paging_init},	    /* memblock -> the final page tables */
	{"pages", page_alloc_init},	    /* memblock's free memory -> zones, buddy system */
	{"slab", kmem_cache_init},	    /* pages -> objects */
	{"vmalloc", vmalloc_init},	    /* addresses for areas: ioremap() works, stacks */
	{"protect", cpu_enable_protection}, /* SMEP, SMAP, UMIP, global pages */
	{"screen", step_screen},
	{"acpi", step_acpi},		  /* firmware tables; power-off by S5 */
	{"cpus", acpi_init_cpus},	  /* MADT -> CPU numbers, masks */
	{"apic", step_apic},		  /* local APIC, interrupts between CPUs */
	{"clocks", clocksources_init},	  /* every counter there is; the best becomes the clock */
	{"time", timekeeping_init},	  /* ktime_get(): monotonic, from power-on */
	{"interrupts", step_interrupts},  /* I/O APIC or 8259, keyboard, serial input */
	{"timers", step_timers},	  /* somebody interrupts when a timer is due */
	{"smp", smp_boot_cpus},		  /* the other CPUs */
	{"sync", clocksource_check_cpus}, /* do they all see the same clock? */
};

static u64 step_cycles[ARRAY_SIZE(steps)];

/* What the steps so far have cost; the first ones ran before the command line was known. */
static __init void show_costs(size_t done)
{
	static size_t shown;

	for (; initcall_debug && shown < done; shown++)
		pr_info("initcall %s: %llu cycles\n", steps[shown].name, step_cycles[shown]);
}

static __init void run_steps(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		u64 start = rdtsc();

		steps[i].run();
		step_cycles[i] = rdtsc() - start;
		show_costs(i + 1);
	}
}

void kernel_main(u32 magic, u32 info)
{
	stack_guard_init();
	percpu_save_template();
	loader_magic = magic;
	loader_info = info;
	run_steps();
	free_initmem(); /* run_steps() was the last that is __init */
	fail_alloc_arm();
	ktest_boot();
	bench_boot();
	monitor_boot();
}
