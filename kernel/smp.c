/*
 * Function calls between CPUs, and the NMIs behind panic and backtraces.
 *
 * Each CPU owns one outgoing call: function, argument, how many have yet to run it. Each CPU has one
 * incoming set: a bit a sender. To call, a CPU waits until its last call is done, fills its slot,
 * sets its bit at each target, and sends an interrupt where no bit was set. The target takes whole
 * words of its set and runs each sender's slot. No queue, no allocation, no lock; nothing to
 * overflow.
 *
 * Invariant: a bit is set only while the sender's `pending` counts it, so a slot is never refilled
 * while somebody may still read it. Whoever waits, for its own slot or for its call, serves its own
 * incoming set: so a ring of CPUs that all call each other always moves.
 *
 * Once smp_send_stop() has begun, there is nobody left to call or to wait for.
 */
#define pr_fmt(fmt) "smp: " fmt

#include <arch/apicid.h>
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/lapic.h>
#include <arch/stacktrace.h>
#include <arch/tsc.h>
#include <arch/traps.h>
#include <kernel/smp.h>
#include <lib/bug.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/spinlock.h>

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

static bool stopping;	 /* the other CPUs are being stopped, or have been... */
static u32 stopping_cpu; /* ... by this one */

static void wait_for_slot(struct outgoing_call *call)
{
	while (__atomic_load_n(&call->pending, __ATOMIC_ACQUIRE) && !READ_ONCE(stopping))
		serve_while_waiting();
}

/*
 * Fill this CPU's slot, as soon as its last call is over. It counts as pending until all targets
 * were asked, so that it is not over before. Interrupts off.
 */
static struct outgoing_call *open_call(smp_call_func_t func, void *info)
{
	struct outgoing_call *call = this_cpu_ptr(&outgoing);

	wait_for_slot(call);
	call->func = func;
	call->info = info;
	__atomic_store_n(&call->pending, 1, __ATOMIC_RELEASE);
	return call;
}

/* The bit, then the interrupt; if a bit of that word was there already, so is an interrupt on its way. */
static void ask(struct outgoing_call *call, u32 cpu)
{
	u32 self = smp_processor_id();
	struct cpumask *set = per_cpu_ptr(&incoming, cpu);
	unsigned long before;

	__atomic_add_fetch(&call->pending, 1, __ATOMIC_RELAXED);
	this_cpu_inc(smp_stats.calls_sent);
	before = __atomic_fetch_or(&set->bits[self / 64], BIT(self % 64), __ATOMIC_SEQ_CST);
	if (before)
		return;
	this_cpu_inc(smp_stats.ipis_sent);
	lapic_send_ipi(cpu_to_apicid(cpu), APIC_DM_FIXED | CALL_FUNCTION_VECTOR);
}

static void close_call(struct outgoing_call *call)
{
	__atomic_sub_fetch(&call->pending, 1, __ATOMIC_RELEASE);
}

/* Interrupts off. */
static struct outgoing_call *ask_others(const struct cpumask *mask, smp_call_func_t func,
					void *info)
{
	struct outgoing_call *call = open_call(func, info);
	u32 cpu, self = smp_processor_id();

	for_each_cpu(cpu, mask) if (cpu != self && cpu_online(cpu)) ask(call, cpu);
	close_call(call);
	return call;
}

void smp_call_function_many(const struct cpumask *mask, smp_call_func_t func, void *info, bool wait)
{
	unsigned long flags = local_irq_save();
	struct outgoing_call *call = ask_others(mask, func, info);

	local_irq_restore(flags);
	if (wait)
		wait_for_slot(call);
}

int smp_call_function_single(u32 cpu, smp_call_func_t func, void *info, bool wait)
{
	struct outgoing_call *call = NULL;
	unsigned long flags;

	if (!cpu_online(cpu))
		return -ENXIO;
	flags = local_irq_save();
	if (cpu == smp_processor_id()) {
		func(info);
	} else {
		call = open_call(func, info);
		ask(call, cpu);
		close_call(call);
	}
	local_irq_restore(flags);
	if (call && wait)
		wait_for_slot(call);
	return 0;
}

void smp_call_function(smp_call_func_t func, void *info, bool wait)
{
	smp_call_function_many(&cpu_online_mask, func, info, wait);
}

void on_each_cpu(smp_call_func_t func, void *info, bool wait)
{
	unsigned long flags = local_irq_save();
	struct outgoing_call *call = ask_others(&cpu_online_mask, func, info);

	func(info);
	local_irq_restore(flags);
	if (wait)
		wait_for_slot(call);
}

static void call_and_wait(const struct cpumask *mask, smp_call_func_t func, void *info)
{
	unsigned long flags = local_irq_save();
	struct outgoing_call *call = ask_others(mask, func, info);

	if (cpumask_test_cpu(smp_processor_id(), mask))
		func(info);
	local_irq_restore(flags);
	wait_for_slot(call);
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

#define NMI_PATIENCE_MS 1000 /* an NMI comes at once or not at all, but printing takes a while */

static struct cpumask backtrace_wanted;
static DEFINE_SPINLOCK(
	backtrace_lock); /* one asks at a time: two NMIs to a CPU may arrive as one */

static __noreturn void stop_this_cpu(void)
{
	cpumask_clear_cpu(smp_processor_id(), &cpu_online_mask);
	for (;;)
		halt();
}

/* An NMI says nothing about who sent it: each reason leaves a note where the target looks. */
static bool nmi_from_a_cpu(struct pt_regs *regs)
{
	u32 cpu = smp_processor_id();

	if (READ_ONCE(stopping) && cpu != READ_ONCE(stopping_cpu))
		stop_this_cpu();
	if (!cpumask_test_cpu(cpu, &backtrace_wanted))
		return false;
	pr_emerg("CPU %u:\n", cpu);
	show_stack(regs);
	cpumask_clear_cpu(cpu, &backtrace_wanted);
	return true;
}

void smp_send_stop(void)
{
	u64 start = rdtsc(), patience = tsc_patience(NMI_PATIENCE_MS);
	u32 cpu, self = smp_processor_id();

	if (!lapic_present() || READ_ONCE(stopping))
		return;
	WRITE_ONCE(stopping_cpu, self);
	__atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
	for_each_online_cpu(cpu) if (cpu != self) lapic_send_ipi(cpu_to_apicid(cpu), APIC_DM_NMI);
	while (num_online_cpus() > 1 && rdtsc() - start < patience)
		cpu_relax();
	for_each_online_cpu(cpu)
	{
		if (cpu == self)
			continue;
		pr_emerg("CPU %u did not stop\n", cpu);
		cpumask_clear_cpu(cpu, &cpu_online_mask);
	}
}

static void ask_for_backtrace(u32 cpu)
{
	u64 start = rdtsc(), patience = tsc_patience(NMI_PATIENCE_MS);

	cpumask_set_cpu(cpu, &backtrace_wanted);
	lapic_send_ipi(cpu_to_apicid(cpu), APIC_DM_NMI);
	while (cpumask_test_cpu(cpu, &backtrace_wanted)) {
		if (rdtsc() - start > patience) {
			pr_warn("CPU %u does not answer an NMI\n", cpu);
			return;
		}
		cpu_relax();
	}
}

void smp_nmi_backtrace(const struct cpumask *mask)
{
	u32 cpu, self = smp_processor_id();

	if (!spin_trylock(&backtrace_lock)) {
		pr_warn("another CPU collects backtraces already\n");
		return;
	}
	for_each_cpu(cpu, mask)
	{
		if (cpu == self) {
			pr_emerg("CPU %u:\n", cpu);
			dump_stack();
		} else if (cpu_online(cpu)) {
			ask_for_backtrace(cpu);
		}
	}
	spin_unlock(&backtrace_lock);
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
	run_on_cpus = call_and_wait;
}
