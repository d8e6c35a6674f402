/*
 * The local APIC of the CPU that runs this: pending, in service, done; errors
 * and spurious interrupts counted; ends of interrupt by way of the hypervisor. And what may be wrong with the I/O APICs that a MADT names.
 */
#include <arch/apicid.h>
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/lapic.h>
#include <arch/page.h>
#include <arch/pv_eoi.h>
#include <arch/traps.h>
#include <drivers/irqchip/ioapic.h>
#include <kernel/irq.h>
#include <kernel/irq_vector.h>
#include <kernel/ktest.h>
#include <kernel/smp.h>

#define PATIENCE (1ULL << 35)
#define ROUNDS	 20U

static void need_lapic(void)
{
	if (!lapic_present())
		ktest_skip("no local APIC");
}

TEST(lapic, id_is_that_of_the_map)
{
	need_lapic();
	EXPECT_EQ(lapic_id(), cpu_to_apicid(smp_processor_id()));
	EXPECT_EQ(apicid_to_cpu(lapic_id()), (int)smp_processor_id());
}

static u8 own_vector;
static volatile u32 arrivals;
static u32 pending_inside, in_service_inside;

static bool catch_own(struct pt_regs *regs)
{
	arrivals++;
	pending_inside += lapic_irr((u8)regs->vector);
	in_service_inside += lapic_isr((u8)regs->vector);
	lapic_eoi();
	return true;
}

static void send_self(void)
{
	lapic_send_ipi(lapic_id(), APIC_DM_FIXED | APIC_INT_ASSERT | own_vector);
}

static bool wait_pending(void)
{
	u64 start = rdtsc();

	while (!lapic_irr(own_vector) && rdtsc() - start < PATIENCE)
		cpu_relax();
	return lapic_irr(own_vector);
}

/* Interrupts off: it waits. On: it is in service until its end, then nothing is left of it. */
TEST(lapic, pending_then_in_service_then_over)
{
	int vector;
	trap_handler_t old;

	need_lapic();
	vector = vector_alloc(smp_processor_id(), NR_IRQS - 1, 0);
	ASSERT_GE(vector, FIRST_DEVICE_VECTOR);
	own_vector = (u8)vector;
	old = set_trap_handler(own_vector, catch_own);
	arrivals = pending_inside = in_service_inside = 0;
	for (u32 i = 1; i <= ROUNDS; i++) {
		unsigned long flags = local_irq_save();
		u64 start = rdtsc();

		send_self();
		send_self(); /* is merged: one bit is one bit */
		EXPECT_TRUE(wait_pending());
		EXPECT_EQ(arrivals, i - 1);
		EXPECT_FALSE(lapic_isr(own_vector));
		local_irq_restore(flags);
		while (arrivals < i && rdtsc() - start < PATIENCE)
			cpu_relax();
		EXPECT_EQ(arrivals, i);
		EXPECT_FALSE(lapic_irr(own_vector));
		EXPECT_FALSE(lapic_isr(own_vector));
	}
	set_trap_handler(own_vector, old);
	vector_free(smp_processor_id(), own_vector);
	EXPECT_EQ(pending_inside, 0U);
	if (in_service_inside) /* a software KVM ends it on delivery: then never */
		EXPECT_EQ(in_service_inside, ROUNDS);
}

/* Where KVM has been asked, its bit is never left set: an end of interrupt takes it, and without one there is none. */
TEST(lapic, pv_eoi_is_taken_once)
{
	unsigned long flags;

	need_lapic();
	if (!pv_eoi_enabled())
		ktest_skip("not offered by this machine");
	flags = local_irq_save();
	EXPECT_EQ(this_cpu_read(pv_eoi_word), 0U);
	EXPECT_FALSE(pv_eoi());
	local_irq_restore(flags);
}

static void count_if_asked(void *info)
{
	if (pv_eoi_enabled())
		__atomic_fetch_add((u32 *)info, 1, __ATOMIC_SEQ_CST);
}

TEST(lapic, pv_eoi_on_all_cpus_or_none)
{
	u32 n = 0;

	on_each_cpu(count_if_asked, &n, true);
	EXPECT_EQ(n, pv_eoi_enabled() ? num_online_cpus() : 0);
}

static void call_handler(u8 vector)
{
	struct pt_regs regs = {.vector = vector};
	unsigned long flags = local_irq_save();
	trap_handler_t handler = set_trap_handler(vector, NULL);

	set_trap_handler(vector, handler);
	if (handler)
		EXPECT_TRUE(handler(&regs));
	local_irq_restore(flags);
}

TEST(lapic, spurious_and_errors_are_counted_here)
{
	struct lapic_counts before, after;

	need_lapic();
	lapic_counts_of(smp_processor_id(), &before);
	for (u32 i = 0; i < 5; i++)
		call_handler(SPURIOUS_APIC_VECTOR);
	call_handler(ERROR_APIC_VECTOR);
	lapic_counts_of(smp_processor_id(), &after);
	EXPECT_EQ(after.spurious - before.spurious, 5ULL);
	EXPECT_EQ(after.errors - before.errors, 1ULL);
}

/* ---- I/O APICs of the tables ------------------------------------------------------------------- */

static struct madt_info madt;

static const char *lie_of(u32 addr, u32 gsi_base)
{
	madt = (struct madt_info){.lapic_addr = 0xfee00000, .nr_ioapics = 2};
	madt.ioapic[0].addr = 0xfec00000;
	madt.ioapic[1].addr = addr;
	madt.ioapic[1].gsi_base = gsi_base;
	return ioapic_entry_lie(&madt, 1);
}

TEST(ioapic, lies_are_named)
{
	static u32 in_ram;
	const char *none = "";

	EXPECT_STREQ(lie_of(0xfec10000, 24) ?: none, "");
	EXPECT_STREQ(ioapic_entry_lie(&madt, 0) ?: none, "");
	EXPECT_STREQ(lie_of(0, 24) ?: none, "its address is 0");
	EXPECT_STREQ(lie_of(0xfec10004, 24) ?: none, "its address is not aligned");
	EXPECT_STREQ(lie_of(0xfee00400, 24) ?: none, "it is where the local APICs are");
	EXPECT_STREQ(lie_of((u32)ALIGN_DOWN(virt_to_phys(&in_ram), 16), 24) ?: none,
		     "its address is RAM");
	EXPECT_STREQ(lie_of(0xfec00000, 24) ?: none, "another has its address");
	EXPECT_STREQ(lie_of(0xfec10000, 0) ?: none, "another has its GSIs");
	EXPECT_STREQ(lie_of(0xfec10000, NR_IRQS) ?: none, "its GSIs are beyond all irqs");
	EXPECT_STREQ(lie_of(0xfec10000, ~0U) ?: none, "its GSIs are beyond all irqs");
}

/* MPS INTI flags: 0 as the bus has it (ISA: edge, high), 1 high or edge, 3 low or level. */
TEST(ioapic, overrides_decide)
{
	struct ioapic_mode mode;

	madt = (struct madt_info){.nr_overrides = 3};
	madt.override[0] = (struct madt_override){.source = 0, .gsi = 2, .flags = 0};
	madt.override[1] = (struct madt_override){.source = 9, .gsi = 20, .flags = 0xf};
	madt.override[2] = (struct madt_override){.source = 5, .gsi = 5, .flags = 0x7};
	EXPECT_EQ(ioapic_isa_gsi(&madt, 0, &mode), 2U);
	EXPECT_TRUE(!mode.low && !mode.level);
	EXPECT_EQ(ioapic_isa_gsi(&madt, 9, &mode), 20U);
	EXPECT_TRUE(mode.low && mode.level);
	EXPECT_EQ(ioapic_isa_gsi(&madt, 5, &mode), 5U);
	EXPECT_TRUE(mode.low && !mode.level);
	EXPECT_EQ(ioapic_isa_gsi(&madt, 4, &mode), 4U);
	EXPECT_TRUE(!mode.low && !mode.level);
}
