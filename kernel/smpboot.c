/*
 * Starting the other CPUs. All at once: each gets INIT, then two start-up
 * interrupts, runs arch/trampoline.asm, draws a ticket for a stack, finds out by its APIC id which CPU it is, and
 * says that it is online. Those that are missing then are tried again one by one, so
 * that the last stage they reached is theirs and nobody else's.
 *
 * SDM vol. 3, 8.4.4 (INIT-SIPI-SIPI), 10.6; Linux: arch/x86/kernel/smpboot.c.
 */
#define pr_fmt(fmt) "smp: " fmt

#include <arch/apicid.h>
#include <arch/cpufeature.h>
#include <arch/gdt.h>
#include <arch/identify.h>
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/lapic.h>
#include <arch/percpu.h>
#include <arch/pgtable.h>
#include <arch/traps.h>
#include <arch/tsc.h>
#include <kernel/smpboot.h>
#include <lib/bug.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/mm.h>
#include <mm/mm_init.h>
#include <mm/page_alloc.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#define MSR_GS_BASE 0xc0000101
#define EFER_LME    0x100
#define EFER_NXE    0x800

/* ---- per-CPU areas -------------------------------------------------------------------------------- */

#define PERCPU_MAX 16384 /* linker.ld checks that the template is not larger */

extern char __percpu_start[], __percpu_end[];

static char percpu_template[PERCPU_MAX] __aligned(64);

void percpu_save_template(void)
{
	memcpy(percpu_template, __percpu_start, (size_t)(__percpu_end - __percpu_start));
}

/* The GDT, TSS and fatal-trap stacks of one CPU. */
struct cpu_private {
	struct cpu_tables tables;
	virt_addr_t ist[NR_IST];
};
static struct cpu_private *private_of[NR_CPUS];

static int make_percpu_area(u32 cpu)
{
	size_t size = (size_t)(__percpu_end - __percpu_start);
	char *area = alloc_pages_exact(size, GFP_KERNEL);

	if (!area)
		return -ENOMEM;
	memcpy(area, percpu_template, size);
	__per_cpu_offset[cpu] = (unsigned long)area - (unsigned long)__percpu_start;
	per_cpu(this_cpu_off, cpu) = __per_cpu_offset[cpu];
	per_cpu(cpu_number, cpu) = cpu;
	return 0;
}

static int make_private(u32 cpu)
{
	static const u8 used[] = {IST_DF, IST_NMI, IST_MC, IST_DB};
	struct cpu_private *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	private_of[cpu] = p;
	for (size_t i = 0; i < ARRAY_SIZE(used); i++) {
		char *stack = alloc_stack();

		if (!stack)
			return -ENOMEM;
		p->ist[used[i]] = (virt_addr_t)stack + THREAD_SIZE;
	}
	return 0;
}

/* ---- the trampoline -------------------------------------------------------------------------------- */

/* arch/trampoline.asm reads and writes this, at the second page. */
struct trampoline_data {
	u64 entry, stacks;
	u32 pml4, efer;
	u32 ticket, reached_real, reached_long;
	u32 unused;
	struct {
		u32 offset;
		u16 selector;
	} __packed jump;
	u16 unused2;
	struct {
		u16 limit;
		u32 base;
	} __packed gdtr;
	u16 unused3;
	u64 gdt[2];
};
_Static_assert(offsetof(struct trampoline_data, jump) == 40, "arch/trampoline.asm");
_Static_assert(offsetof(struct trampoline_data, gdtr) == 48, "arch/trampoline.asm");
_Static_assert(offsetof(struct trampoline_data, gdt) == 56, "arch/trampoline.asm");

#define TRAMPOLINE_PAGES 2
#define GDT_LONG_CODE	 0x00209b0000000000ULL /* present, ring 0, 64-bit code, accessed */

extern char trampoline_start[], trampoline_end[];
extern u32 trampoline64_offset;

static phys_addr_t trampoline_phys;
static volatile struct trampoline_data *trampoline;
static virt_addr_t *stack_tops; /* by ticket */
static pte_t *trampoline_pml4;

/* Two pages below 640 KiB that nobody has. */
static phys_addr_t find_low_pages(void)
{
	__free_page(alloc_page(GFP_DMA)); /* the zone's struct pages are there from now on */
	for (pfn_t pfn = phys_to_pfn(KiB(640)) - TRAMPOLINE_PAGES; pfn > 0; pfn--)
		if (pfn_valid(pfn) && alloc_contig_range(pfn, TRAMPOLINE_PAGES) == 0)
			return pfn_to_phys(pfn);
	return 0;
}

static pte_t *alloc_low_table(void)
{
	return (pte_t *)__get_free_pages(GFP_DMA32 | __GFP_ZERO, 0);
}

static const struct pgtable_ops low_ops = {.alloc = alloc_low_table};

/* The kernel's upper half, and the two pages where they stand: code not writable, data not executable. */
static int make_trampoline_tables(void)
{
	int err;

	trampoline_pml4 = alloc_low_table(); /* CR3 is loaded with 32 bits of it */
	if (!trampoline_pml4)
		return -ENOMEM;
	memcpy(trampoline_pml4 + PTRS_PER_TABLE / 2, kernel_pml4 + PTRS_PER_TABLE / 2,
	       PAGE_SIZE / 2);
	err = pgtable_map(&low_ops, trampoline_pml4, trampoline_phys, trampoline_phys, PAGE_SIZE,
			  PAGE_KERNEL_ROX & ~_PAGE_GLOBAL, PAGE_SHIFT);
	return err ? err
		   : pgtable_map(&low_ops, trampoline_pml4, trampoline_phys + PAGE_SIZE,
				 trampoline_phys + PAGE_SIZE, PAGE_SIZE,
				 PAGE_KERNEL & ~_PAGE_GLOBAL, PAGE_SHIFT);
}

static void secondary_start(u32 ticket);

static void fill_trampoline(void)
{
	u32 base = (u32)trampoline_phys;

	memcpy(phys_to_virt(trampoline_phys), trampoline_start,
	       (size_t)(trampoline_end - trampoline_start));
	trampoline = phys_to_virt(trampoline_phys + PAGE_SIZE);
	*trampoline = (struct trampoline_data){
		.entry = (u64)secondary_start,
		.stacks = (u64)stack_tops,
		.pml4 = (u32)virt_to_phys(trampoline_pml4),
		.efer = EFER_LME | (cpu_has(X86_FEATURE_NX) ? EFER_NXE : 0),
		.jump = {base + trampoline64_offset, 8},
		.gdtr = {sizeof(trampoline->gdt) - 1,
			 base + PAGE_SIZE + offsetof(struct trampoline_data, gdt)},
		.gdt = {0, GDT_LONG_CODE},
	};
}

/* ---- on the new CPU ---------------------------------------------------------------------------------- */

#define MAX_CPU_INITS 16
static void (*cpu_inits[MAX_CPU_INITS])(void);
static u32 nr_cpu_inits;

/* Where a CPU is in secondary_start(), for the report when it stays there. */
enum stage { STAGE_NONE, STAGE_C, STAGE_TABLES, STAGE_APIC, STAGE_INITS, STAGE_ONLINE };
static const char *const stage_names[] = {"nothing",	"C code",     "descriptor tables",
					  "local APIC", "subsystems", "online"};
static u8 stage_of[NR_CPUS];

void smp_register_cpu_init(void (*init)(void))
{
	BUG_ON(nr_cpu_inits == MAX_CPU_INITS);
	cpu_inits[nr_cpu_inits++] = init;
}

/* CPUID answers before the APIC is set up; leaf 0Bh has all 32 bits. */
static u32 id_from_cpuid(void)
{
	if (boot_cpu_data.max_leaf >= 0xb && cpuid_count(0xb, 0).ebx)
		return cpuid_count(0xb, 0).edx;
	return cpuid(1).ebx >> 24;
}

static __noreturn void park(void)
{
	for (;;) {
		local_irq_disable();
		halt();
	}
}

/* Until there are threads: serve interrupts. */
static __noreturn void secondary_idle(void)
{
	for (;;)
		safe_halt();
}

static void secondary_start(u32 ticket)
{
	int cpu = apicid_to_cpu(id_from_cpuid());

	(void)ticket;
	if (cpu <= 0 || !private_of[cpu])
		park(); /* not in the firmware's tables: it must not run */
	stage_of[cpu] = STAGE_C;
	wrmsr(MSR_GS_BASE, __per_cpu_offset[cpu]);
	load_pml4(kernel_pml4); /* the identity mapping is for the trampoline only */
	trap_init_cpu(&private_of[cpu]->tables, private_of[cpu]->ist);
	stage_of[cpu] = STAGE_TABLES;
	cpu_enable_protection();
	paging_init_cpu();
	lapic_init_cpu();
	stage_of[cpu] = STAGE_APIC;
	cpu_identify_secondary();
	for (u32 i = 0; i < nr_cpu_inits; i++)
		cpu_inits[i]();
	stage_of[cpu] = STAGE_ONLINE;
	cpumask_set_cpu((u32)cpu, &cpu_online_mask);
	secondary_idle();
}

/* ---- on the boot CPU --------------------------------------------------------------------------------- */

#define PATIENCE_MS \
	1000 /* for all of them together: an emulated machine with 255 CPUs needs a while */

static void wake(u32 cpu)
{
	u32 apicid = cpu_to_apicid(cpu), vector = (u32)(trampoline_phys >> PAGE_SHIFT);

	lapic_send_ipi(apicid, APIC_DM_INIT | APIC_INT_ASSERT | APIC_INT_LEVELTRIG);
	lapic_send_ipi(apicid, APIC_DM_INIT | APIC_INT_LEVELTRIG);
	lapic_send_ipi(apicid, APIC_DM_STARTUP | vector);
	lapic_send_ipi(apicid, APIC_DM_STARTUP | vector);
}

/* Not yet calibrated, a TSC of 4 GHz is assumed: at worst the wait is longer. */
static bool wait_online(u32 how_many, u32 ms)
{
	u64 start = rdtsc(), limit = (tsc_khz ? tsc_khz : 4000000ULL) * ms;

	while (num_online_cpus() < how_many && rdtsc() - start < limit)
		cpu_relax();
	return num_online_cpus() >= how_many;
}

static void try_alone(u32 cpu)
{
	u32 online = num_online_cpus(), real = trampoline->reached_real;
	u32 longmode = trampoline->reached_long;

	wake(cpu);
	if (wait_online(online + 1, PATIENCE_MS))
		return;
	pr_err("CPU %u (APIC id %u) did not come up; last stage: %s\n", cpu, cpu_to_apicid(cpu),
	       stage_of[cpu]			     ? stage_names[stage_of[cpu]]
	       : trampoline->reached_long > longmode ? "64-bit mode in the trampoline"
	       : trampoline->reached_real > real     ? "real mode in the trampoline"
						     : "none, it does not answer");
}

static u32 prepare_cpus(void)
{
	u32 cpu, n = 0;

	for_each_cpu(cpu, &cpu_present_mask)
	{
		char *stack;

		if (cpu == 0)
			continue;
		if (cpu >= setup_max_cpus())
			break;
		stack = alloc_stack();
		if (!stack || make_percpu_area(cpu) || make_private(cpu)) {
			pr_err("no memory to start CPU %u and those after it\n", cpu);
			private_of[cpu] = NULL;
			break;
		}
		/* A ticket more than CPUs, for one that is tried again after it drew one. */
		stack_tops[n++] = (virt_addr_t)stack + THREAD_SIZE;
	}
	return n;
}

void smp_boot_cpus(void)
{
	u32 cpu, n;

	if (cpumask_weight(&cpu_present_mask) < 2 || !lapic_present())
		return;
	trampoline_phys = find_low_pages();
	stack_tops = kcalloc(nr_cpu_ids, 2 * sizeof(*stack_tops), GFP_KERNEL);
	if (!trampoline_phys || !stack_tops || make_trampoline_tables()) {
		pr_err("no memory for the trampoline: the other CPUs stay off\n");
		return;
	}
	n = prepare_cpus();
	fill_trampoline();
	for_each_cpu(cpu, &cpu_present_mask) if (private_of[cpu]) wake(cpu);
	if (!wait_online(n + 1, PATIENCE_MS))
		for_each_cpu(cpu, &cpu_present_mask) if (private_of[cpu] && !cpu_online(cpu))
			try_alone(cpu);
	pr_info("%u CPUs online\n", num_online_cpus());
	if (num_online_cpus() == n + 1) /* nobody can still be in it */
		free_contig_range(phys_to_pfn(trampoline_phys), TRAMPOLINE_PAGES);
}
