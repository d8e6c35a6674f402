/*
 * Starting the other CPUs. All at once: each gets INIT, then two start-up
 * interrupts, runs arch/trampoline.asm, draws a ticket for a stack, finds out by its APIC id which CPU it is, and
 * says that it is online. Those that have not even reached the trampoline's end are tried again one by one, so
 * that the last stage they reached is theirs and nobody else's. One that has is alive: to wake it again would tear it
 * out of what it is doing, so it is waited for.
 *
 * A CPU that was given up may come yet. It finds that out at its next stage and halts: so a CPU is online before
 * smp_boot_cpus() returns or never. What it may still use (the trampoline, its stack, its area) stays its own.
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
#include <lib/kstrtox.h>
#include <lib/param.h>
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

static size_t percpu_size(void)
{
	return (size_t)(__percpu_end - __percpu_start);
}

static int make_percpu_area(u32 cpu)
{
	char *area = alloc_pages_exact(percpu_size(), GFP_KERNEL);

	if (!area)
		return -ENOMEM;
	memcpy(area, percpu_template, percpu_size());
	__per_cpu_offset[cpu] = (unsigned long)area - (unsigned long)__percpu_start;
	per_cpu(this_cpu_off, cpu) = __per_cpu_offset[cpu];
	per_cpu(cpu_number, cpu) = cpu;
	init_cpu_slab(cpu);
	return 0;
}

static void free_percpu_area(u32 cpu)
{
	if (__per_cpu_offset[cpu])
		free_pages_exact(per_cpu_ptr(&__percpu_start[0], cpu), percpu_size());
	__per_cpu_offset[cpu] = 0;
}

static void free_private(struct cpu_private *p)
{
	for (size_t i = 0; p && i < ARRAY_SIZE(p->ist); i++)
		if (p->ist[i])
			free_stack((void *)(p->ist[i] - THREAD_SIZE));
	kfree(p);
}

static struct cpu_private *make_private(void)
{
	static const u8 used[] = {IST_DF, IST_NMI, IST_MC, IST_DB};
	struct cpu_private *p = kzalloc(sizeof(*p), GFP_KERNEL);

	for (size_t i = 0; p && i < ARRAY_SIZE(used); i++) {
		char *stack = alloc_stack();

		if (!stack) {
			free_private(p);
			return NULL;
		}
		p->ist[used[i]] = (virt_addr_t)stack + THREAD_SIZE;
	}
	return p;
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
static virt_addr_t
	*stack_tops; /* by ticket: one for each CPU, and one for each that is tried again */
static u32 nr_stacks;
static pte_t *trampoline_pml4;

/* Two pages below 640 KiB that nobody has. */
static phys_addr_t find_low_pages(void)
{
	struct page *page = alloc_page(GFP_DMA); /* the zone's struct pages are there from now on */

	if (page)
		__free_page(page);
	for (pfn_t pfn = phys_to_pfn(KiB(640)) - TRAMPOLINE_PAGES; pfn > 0; pfn--)
		if (pfn_valid(pfn) && alloc_contig_range(pfn, TRAMPOLINE_PAGES) == 0)
			return pfn_to_phys(pfn);
	return 0;
}

static pte_t *alloc_low_table(void)
{
	return (pte_t *)__get_free_pages(GFP_DMA32 | __GFP_ZERO, 0);
}

static void free_low_table(pte_t *table)
{
	free_pages((virt_addr_t)table, 0);
}

static const struct pgtable_ops low_ops = {alloc_low_table, free_low_table};

/*
 * The kernel's upper half as it is now, the stacks in it included, and the two pages where they stand: code not
 * writable, data not executable.
 */
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

/* The code's other name, in the direct map, is writable only while nobody can execute it. */
static int protect_trampoline(u64 prot)
{
	return pgtable_protect(&kernel_pgtable_ops, kernel_pml4, PAGE_OFFSET + trampoline_phys,
			       PAGE_SIZE, prot);
}

static void secondary_start(u32 ticket);

static int fill_trampoline(void)
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
	return protect_trampoline(PAGE_KERNEL_RO);
}

/* Nobody is in it, and nobody can come any more: all that were woken are online. */
static void free_trampoline(void)
{
	u32 drawn = trampoline->ticket;

	while (nr_stacks > drawn)
		free_stack((void *)(stack_tops[--nr_stacks] - THREAD_SIZE));
	kfree(stack_tops);
	if (pgtable_unmap(&low_ops, trampoline_pml4, trampoline_phys,
			  TRAMPOLINE_PAGES * PAGE_SIZE) == 0)
		pgtable_free_tables(&low_ops, trampoline_pml4, 0, 1UL << PGD_SHIFT);
	free_low_table(trampoline_pml4);
	if (protect_trampoline(PAGE_KERNEL) == 0)
		free_contig_range(phys_to_pfn(trampoline_phys), TRAMPOLINE_PAGES);
}

/* ---- on the new CPU ---------------------------------------------------------------------------------- */

#define MAX_CPU_INITS 16
static void (*cpu_inits[MAX_CPU_INITS])(void);
static u32 nr_cpu_inits;

/* Where a CPU is in secondary_start(), for the report when it stays there. */
enum stage {
	STAGE_NONE,
	STAGE_C,
	STAGE_TABLES,
	STAGE_APIC,
	STAGE_INITS,
	STAGE_ONLINE,
	STAGE_GIVEN_UP, /* said by the boot CPU: if it comes yet, it must not go on */
};
static const char *const stage_names[] = {"nothing",	"C code",     "descriptor tables",
					  "local APIC", "subsystems", "online"};
static u8 stage_of[NR_CPUS];

/* For tests: lose_cpu halts when it reaches lose_stage; STAGE_NONE: its start-up interrupts get lost. 0: no CPU. */
static u32 lose_cpu;
static u32 lose_stage;

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

/* Say how far this CPU has come, unless it was given up meanwhile. */
static void reach(u32 cpu, u8 stage)
{
	u8 before = READ_ONCE(stage_of[cpu]);

	do {
		if (before == STAGE_GIVEN_UP)
			park();
	} while (!__atomic_compare_exchange_n(&stage_of[cpu], &before, stage, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (cpu == lose_cpu && stage == lose_stage)
		park();
}

static void secondary_start(u32 ticket)
{
	int id = apicid_to_cpu(id_from_cpuid());
	u32 cpu = (u32)id;

	(void)ticket;
	if (id <= 0 || !private_of[cpu])
		park(); /* not in the firmware's tables: it must not run */
	reach(cpu, STAGE_C);
	wrmsr(MSR_GS_BASE, __per_cpu_offset[cpu]);
	load_pml4(kernel_pml4); /* the identity mapping is for the trampoline only */
	trap_init_cpu(&private_of[cpu]->tables, private_of[cpu]->ist);
	reach(cpu, STAGE_TABLES);
	cpu_enable_protection();
	paging_init_cpu();
	lapic_init_cpu();
	reach(cpu, STAGE_APIC);
	cpu_identify_secondary();
	for (u32 i = 0; i < nr_cpu_inits; i++)
		cpu_inits[i]();
	reach(cpu, STAGE_INITS);
	reach(cpu, STAGE_ONLINE);
	cpumask_set_cpu(cpu, &cpu_online_mask);
	secondary_idle();
}

/* ---- on the boot CPU --------------------------------------------------------------------------------- */

#define PATIENCE_MS \
	1000 /* without any CPU getting further: an emulated one may wait long for its turn */

/* CPU[:STAGE]. */
static int set_lose(const char *value)
{
	static const char *const words[] = {"none", "c", "tables", "apic", "inits"};
	size_t digits = strcspn(value, ":");
	char number[8];
	u64 cpu;

	strscpy(number, value, min(digits + 1, sizeof(number)));
	if (kstrtou64(number, 10, &cpu) || !cpu || cpu >= NR_CPUS)
		return -EINVAL;
	lose_stage = STAGE_NONE;
	while (value[digits] && strcmp(value + digits + 1, words[lose_stage]))
		if (++lose_stage == ARRAY_SIZE(words))
			return -EINVAL;
	lose_cpu = (u32)cpu;
	return 0;
}
PARAM("smp_debug_lose", PARAM_CALL(set_lose),
      "CPU[:none|c|tables|apic|inits]: for tests, this CPU gets no further than that when it starts");

static void wake(u32 cpu)
{
	u32 apicid = cpu_to_apicid(cpu), vector = (u32)(trampoline_phys >> PAGE_SHIFT);

	lapic_send_ipi(apicid, APIC_DM_INIT | APIC_INT_ASSERT | APIC_INT_LEVELTRIG);
	lapic_send_ipi(apicid, APIC_DM_INIT | APIC_INT_LEVELTRIG);
	if (cpu == lose_cpu && lose_stage == STAGE_NONE)
		return;
	lapic_send_ipi(apicid, APIC_DM_STARTUP | vector);
	lapic_send_ipi(apicid, APIC_DM_STARTUP | vector);
}

/* Grows whenever some CPU gets further. */
static u32 progress(void)
{
	return trampoline->reached_real + trampoline->reached_long + num_online_cpus();
}

/* Wait for all of the mask, as long as there is progress. */
static void wait_online(const struct cpumask *mask)
{
	u64 start = rdtsc(), patience = tsc_patience(PATIENCE_MS);
	u32 seen = progress(), cpu = 0;

	while ((cpu = cpumask_from(cpu, mask)) < nr_cpu_ids && rdtsc() - start < patience) {
		if (cpu_online(cpu)) {
			cpu++;
			continue;
		}
		cpu_relax();
		if (progress() != seen) {
			seen = progress();
			start = rdtsc();
		}
	}
}

static void give_up(u32 cpu, const char *trampoline_stage)
{
	u8 stage = __atomic_exchange_n(&stage_of[cpu], STAGE_GIVEN_UP, __ATOMIC_SEQ_CST);

	if (stage == STAGE_ONLINE) { /* just now */
		WRITE_ONCE(stage_of[cpu], STAGE_ONLINE);
		while (!cpu_online(cpu))
			cpu_relax();
		return;
	}
	pr_err("CPU %u (APIC id %u) did not come up; last stage: %s\n", cpu, cpu_to_apicid(cpu),
	       stage ? stage_names[stage] : trampoline_stage);
}

/* A CPU that all the others have left behind. If it has drawn a ticket before, it draws another. */
static void try_alone(u32 cpu)
{
	u32 real = trampoline->reached_real, longmode = trampoline->reached_long;
	struct cpumask one = {0};
	char *stack;

	if (READ_ONCE(stage_of[cpu]) == STAGE_NONE && (stack = alloc_stack())) {
		stack_tops[nr_stacks++] = (virt_addr_t)stack + THREAD_SIZE;
		wake(cpu);
		cpumask_set_cpu(cpu, &one);
		wait_online(&one);
	}
	if (!cpu_online(cpu))
		give_up(cpu, trampoline->reached_long > longmode ? "64-bit mode in the trampoline"
			     : trampoline->reached_real > real	 ? "real mode in the trampoline"
								 : "none, it does not answer");
}

/* What a CPU needs before it can run. 0 or -ENOMEM, and nothing is left behind. */
static int prepare_cpu(u32 cpu)
{
	struct cpu_private *p = make_private();
	char *stack = alloc_stack();

	if (!p || !stack || make_percpu_area(cpu)) {
		free_private(p);
		free_stack(stack);
		free_percpu_area(cpu);
		return -ENOMEM;
	}
	private_of[cpu] = p;
	stack_tops[nr_stacks++] = (virt_addr_t)stack + THREAD_SIZE;
	return 0;
}

/* Those that shall be started and for which there is memory: they may take half of it. */
static void prepare_cpus(struct cpumask *woken)
{
	unsigned long leave = nr_free_pages() / 2;
	u32 cpu;

	for_each_cpu(cpu, &cpu_present_mask)
	{
		if (cpu == 0)
			continue;
		if (cpu >= setup_max_cpus())
			break;
		if (nr_free_pages() < leave || prepare_cpu(cpu)) {
			pr_err("no memory to start CPU %u and those after it\n", cpu);
			break;
		}
		cpumask_set_cpu(cpu, woken);
	}
}

void smp_boot_cpus(void)
{
	static struct cpumask woken;
	u32 cpu;

	if (cpumask_weight(&cpu_present_mask) < 2 || setup_max_cpus() < 2)
		return;
	if (!lapic_present()) {
		pr_err("no local APIC: the other CPUs stay off\n");
		return;
	}
	trampoline_phys = find_low_pages(); /* before the CPUs' areas take them */
	stack_tops = kcalloc(nr_cpu_ids, 2 * sizeof(*stack_tops), GFP_KERNEL);
	if (trampoline_phys && stack_tops)
		prepare_cpus(&woken);
	if (!nr_stacks || make_trampoline_tables() || fill_trampoline()) {
		pr_err("no memory for the trampoline: the other CPUs stay off\n");
		return;
	}
	for_each_cpu(cpu, &woken) wake(cpu);
	wait_online(&woken);
	for_each_cpu(cpu, &woken) if (!cpu_online(cpu)) try_alone(cpu);
	pr_info("%u CPUs online\n", num_online_cpus());
	if (num_online_cpus() == cpumask_weight(&woken) + 1)
		free_trampoline();
}
