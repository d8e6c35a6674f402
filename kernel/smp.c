/*
 * Function calls between CPUs, and the NMIs behind panic and backtraces.
 *
 * Each CPU owns one outgoing call: function, argument, how many have yet to run it. Each
 * CPU has one incoming set: a bit a sender. To call, a CPU waits until its last call is done, fills
 * its slot, sets its bit at each target, and sends an interrupt where no bit was set. The target takes whole words of its
 * set and runs each sender's slot. No queue, no allocation, no lock; nothing to overflow.
 *
 * Invariant: a bit is set only while the sender's `pending` counts it, so a slot is never refilled while somebody may still read it.
 * Whoever waits, for its own slot or for its call, serves its own incoming set: so a ring of CPUs that all call each other always moves.
 */
#define pr_fmt(fmt) "smp: " fmt

#include <arch/apicid.h>
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/lapic.h>
#include <arch/stacktrace.h>
#include <arch/traps.h>
#include <kernel/smp.h>
#include <lib/bug.h>
#include <lib/command.h>
#include <lib/errno.h>

struct outgoing_call {
	smp_call_func_t func;
	void *info;
	u32 pending; /* targets that have not run it yet; 0: the slot is free */
} __aligned(64);

static DEFINE_PER_CPU(struct outgoing_call, outgoing);
static DEFINE_PER_CPU(struct cpumask, incoming); /* senders with a call for this CPU */
DEFINE_PER_CPU(struct smp_stats, smp_stats);

/* ---- receiving ---------------------------------------------------------------------------------- */

static void run_call_of(u32 sender)
{
	struct outgoing_call *call = per_cpu_ptr(&outgoing, sender);

	call->func(call->info);
	this_cpu_inc(smp_stats.calls_run);
	__atomic_sub_fetch(&call->pending, 1, __ATOMIC_RELEASE);
}

/* Run every call that waits for this CPU. Interrupts off. */
static void serve_calls(void)
{
	struct cpumask *set = this_cpu_ptr(&incoming);

	for (u32 w = 0; w < DIV_ROUND_UP(nr_cpu_ids, 64u); w++) {
		unsigned long senders;

		if (!READ_ONCE(set->bits[w]))
			continue;
		senders = __atomic_exchange_n(&set->bits[w], 0, __ATOMIC_ACQ_REL);
		for (; senders; senders &= senders - 1)
			run_call_of(w * 64 + (u32)__ffs(senders));
	}
}

static void serve_while_waiting(void)
{
	unsigned long flags = local_irq_save();

	serve_calls();
	local_irq_restore(flags);
	cpu_relax();
}

static bool call_function_interrupt(struct pt_regs *regs)
{
	(void)regs;
	lapic_eoi(); /* first: a call that arrives while we serve must interrupt again */
	serve_calls();
	return true;
}

/* ---- sending ------------------------------------------------------------------------------------ */

static void wait_for_slot(struct outgoing_call *call)
{
	while (__atomic_load_n(&call->pending, __ATOMIC_ACQUIRE))
		serve_while_waiting();
}

/* The bit, then the interrupt; if a bit of that word was there already, so is an interrupt on its way. */
static void post_call(u32 cpu)
{
	u32 self = smp_processor_id();
	struct cpumask *set = per_cpu_ptr(&incoming, cpu);
	unsigned long before =
		__atomic_fetch_or(&set->bits[self / 64], BIT(self % 64), __ATOMIC_SEQ_CST);

	if (before)
		return;
	this_cpu_inc(smp_stats.ipis_sent);
	lapic_send_ipi(cpu_to_apicid(cpu), APIC_DM_FIXED | CALL_FUNCTION_VECTOR);
}

/* Fill this CPU's slot and post it to the targets: online CPUs of the mask but ourselves. Interrupts off. */
static void start_call(const struct cpumask *mask, smp_call_func_t func, void *info)
{
	struct outgoing_call *call = this_cpu_ptr(&outgoing);
	u32 cpu, self = smp_processor_id(), n = 0;
	struct cpumask targets = {0};

	wait_for_slot(call);
	for_each_cpu(cpu, mask)
	{
		if (cpu == self || !cpu_online(cpu))
			continue;
		targets.bits[cpu / 64] |= BIT(cpu % 64);
		n++;
	}
	call->func = func;
	call->info = info;
	__atomic_store_n(&call->pending, n, __ATOMIC_RELEASE);
	this_cpu_add(smp_stats.calls_sent, (u64)n);
	for_each_cpu(cpu, &targets) post_call(cpu);
}

void smp_call_function_many(const struct cpumask *mask, smp_call_func_t func, void *info, bool wait)
{
	unsigned long flags = local_irq_save();
	struct outgoing_call *call = this_cpu_ptr(&outgoing);

	start_call(mask, func, info);
	local_irq_restore(flags);
	if (wait)
		wait_for_slot(call);
}

int smp_call_function_single(u32 cpu, smp_call_func_t func, void *info, bool wait)
{
	struct cpumask one = {0};
	unsigned long flags;

	if (!cpu_online(cpu))
		return -ENXIO;
	flags = local_irq_save();
	if (cpu == smp_processor_id())
		func(info);
	local_irq_restore(flags);
	if (cpu == smp_processor_id())
		return 0;
	one.bits[cpu / 64] = BIT(cpu % 64);
	smp_call_function_many(&one, func, info, wait);
	return 0;
}

void smp_call_function(smp_call_func_t func, void *info, bool wait)
{
	smp_call_function_many(&cpu_online_mask, func, info, wait);
}

void on_each_cpu(smp_call_func_t func, void *info, bool wait)
{
	unsigned long flags;

	smp_call_function(func, info, false);
	flags = local_irq_save();
	func(info);
	local_irq_restore(flags);
	if (wait)
		wait_for_slot(this_cpu_ptr(&outgoing));
}

/* ---- reschedule --------------------------------------------------------------------------------- */

void smp_send_reschedule(u32 cpu)
{
	this_cpu_inc(smp_stats.ipis_sent);
	lapic_send_ipi(cpu_to_apicid(cpu), APIC_DM_FIXED | RESCHEDULE_VECTOR);
}

static bool reschedule_interrupt(struct pt_regs *regs)
{
	(void)regs;
	this_cpu_inc(smp_stats.reschedules);
	lapic_eoi();
	return true;
}

/* ---- NMIs --------------------------------------------------------------------------------------- */

#define NMI_PATIENCE 50000000 /* looks, a second or so: an NMI comes at once or not at all */

static bool stopping;
static struct cpumask backtrace_wanted;

/* An NMI says nothing about who sent it: each reason leaves a note where the target looks. */
static bool nmi_from_a_cpu(struct pt_regs *regs)
{
	u32 cpu = smp_processor_id();

	if (READ_ONCE(stopping)) {
		cpumask_clear_cpu(cpu, &cpu_online_mask);
		for (;;)
			halt();
	}
	if (!cpumask_test_cpu(cpu, &backtrace_wanted))
		return false;
	pr_info("CPU %u:\n", cpu);
	show_stack(regs);
	cpumask_clear_cpu(cpu, &backtrace_wanted);
	return true;
}

void smp_send_stop(void)
{
	u32 cpu, self = smp_processor_id();
	u64 looks = 0;

	if (!lapic_present() || __atomic_exchange_n(&stopping, true, __ATOMIC_SEQ_CST))
		return;
	for_each_online_cpu(cpu) if (cpu != self) lapic_send_ipi(cpu_to_apicid(cpu), APIC_DM_NMI);
	while (num_online_cpus() > 1 && looks++ < NMI_PATIENCE / 10)
		cpu_relax();
}

void smp_nmi_backtrace(const struct cpumask *mask)
{
	u32 cpu, self = smp_processor_id();

	for_each_cpu(cpu, mask)
	{
		u64 looks = 0;

		if (!cpu_online(cpu))
			continue;
		if (cpu == self) {
			pr_info("CPU %u:\n", cpu);
			dump_stack();
			continue;
		}
		cpumask_set_cpu(cpu, &backtrace_wanted);
		lapic_send_ipi(cpu_to_apicid(cpu), APIC_DM_NMI);
		while (cpumask_test_cpu(cpu, &backtrace_wanted) && looks++ < NMI_PATIENCE)
			cpu_relax();
		if (cpumask_test_cpu(cpu, &backtrace_wanted))
			pr_warn("CPU %u does not answer an NMI\n", cpu);
	}
}

/* ---- commands and start-up ------------------------------------------------------------------------ */

static int cmd_ipi(int argc, char **argv)
{
	u32 cpu;

	(void)argc;
	(void)argv;
	con_printf("%4s %12s %12s %12s %12s\n", "CPU", "calls sent", "calls run", "IPIs sent",
		   "reschedules");
	for_each_online_cpu(cpu)
	{
		const struct smp_stats *s = per_cpu_ptr(&smp_stats, cpu);

		con_printf("%4u %12llu %12llu %12llu %12llu\n", cpu, s->calls_sent, s->calls_run,
			   s->ipis_sent, s->reschedules);
	}
	return 0;
}
COMMAND("ipi", "", "interrupts between CPUs, counted", cmd_ipi);

static int cmd_backtrace(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	smp_nmi_backtrace(&cpu_online_mask);
	return 0;
}
COMMAND("backtrace", "", "where each CPU is, by NMI", cmd_backtrace);

void smp_init(void)
{
	set_trap_handler(CALL_FUNCTION_VECTOR, call_function_interrupt);
	set_trap_handler(RESCHEDULE_VECTOR, reschedule_interrupt);
	set_trap_handler(X86_TRAP_NMI, nmi_from_a_cpu);
	panic_ops.stop_others = smp_send_stop;
}
