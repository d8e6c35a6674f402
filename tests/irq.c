/*
 * Interrupt lines: who may have one, that a real interrupt arrives once and is
 * counted, and that a line nobody wants cannot take the machine. The interrupt is the PIT's
 * channel 0; storms are made by calling the line's trap handler, because `int n` is not available everywhere.
 */
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/traps.h>
#include <drivers/irqchip/i8259.h>
#include <kernel/irq.h>
#include <kernel/ktest.h>
#include <lib/errno.h>

#define PIT_IRQ	      0
#define PIT_CHANNEL_0 0x40
#define PIT_COMMAND   0x43
#define PIT_ONE_SHOT  0x30 /* channel 0, low then high byte, mode 0: interrupt on terminal count */
#define PIT_STATUS \
	0xe2 /* read back the status of channel 0: its low six bits are the mode written */
#define PIT_SQUARE 0x36 /* channel 0, low then high byte, mode 3: how a BIOS leaves it */

#define FREE_IRQ 10 /* no device of a PC is fixed to it */
/* An interrupt that has not come after this many TSC cycles is lost: some 10 s, for late hypervisors. */
#define PATIENCE (1ULL << 35)

static volatile u32 arrived;

static void count_arrival(u32 irq, void *dev)
{
	u32 *seen = dev;

	arrived++;
	*seen = irq;
}

static void need_chip(void)
{
	if (!irq_available())
		ktest_skip("no interrupt chip");
}

static void ignore_arrival(u32 irq __maybe_unused, void *dev __maybe_unused)
{
}

/* A line that no driver holds. An edge that the firmware's use of it left in the chip is taken here. */
static void need_free_line(u32 irq)
{
	need_chip();
	if (request_irq(irq, ignore_arrival, "test", NULL))
		ktest_skip("line %u is in use", irq);
	free_irq(irq, NULL);
}

TEST(irq, request_refuses)
{
	u32 dev;

	need_chip();
	EXPECT_EQ(request_irq(NR_IRQS, count_arrival, "test", &dev), -EINVAL);
	EXPECT_EQ(request_irq(~0U, count_arrival, "test", &dev), -EINVAL);
	EXPECT_EQ(request_irq(FREE_IRQ, NULL, "test", &dev), -EINVAL);
	ASSERT_EQ(request_irq(FREE_IRQ, count_arrival, "test", &dev), 0);
	EXPECT_EQ(request_irq(FREE_IRQ, count_arrival, "test", &dev), -EBUSY);
	free_irq(FREE_IRQ, NULL); /* not its owner: a warning, and it stays taken */
	EXPECT_EQ(request_irq(FREE_IRQ, count_arrival, "test", &dev), -EBUSY);
	free_irq(FREE_IRQ, &dev);
	ASSERT_EQ(request_irq(FREE_IRQ, count_arrival, "test", &dev), 0);
	free_irq(FREE_IRQ, &dev);
	EXPECT_EQ(irq_count(NR_IRQS), 0ULL);
}

TEST(irq, second_chip_is_refused)
{
	static const struct irq_chip too_many = {
		.name = "test", .nr = NR_IRQS + 1, .base_vector = 64};
	static const struct irq_chip too_low = {.name = "test", .nr = 8, .base_vector = 24};
	static const struct irq_chip too_high = {.name = "test", .nr = 16, .base_vector = 250};
	static const struct irq_chip second = {.name = "test", .nr = 16, .base_vector = 64};

	need_chip();
	EXPECT_EQ(irq_set_chip(&too_many), -EINVAL);
	EXPECT_EQ(irq_set_chip(&too_low), -EINVAL);
	EXPECT_EQ(irq_set_chip(&too_high), -EINVAL);
	EXPECT_EQ(irq_set_chip(&second), -EBUSY);
}

static void pit_start(u8 mode, u16 count)
{
	outb(PIT_COMMAND, mode);
	outb(PIT_CHANNEL_0, count & 0xff);
	outb(PIT_CHANNEL_0, count >> 8);
}

/* An empty bus reads 0xff. The channel is left stopped: mode 0 waits for a count. */
static bool pit_there(void)
{
	outb(PIT_COMMAND, PIT_ONE_SHOT);
	outb(PIT_COMMAND, PIT_STATUS);
	return (inb(PIT_CHANNEL_0) & 0x3f) == PIT_ONE_SHOT;
}

/* With interrupts on, until `n` have arrived or patience ends. */
static void wait_for_arrivals(u32 n)
{
	u64 start = rdtsc();

	while (arrived < n && rdtsc() - start < PATIENCE)
		cpu_relax();
}

TEST(irq, pit_interrupts_once)
{
	u32 seen = ~0U;
	u64 before;

	need_free_line(PIT_IRQ);
	EXPECT_FALSE(irqs_disabled());
	if (!pit_there())
		ktest_skip("no PIT");
	ASSERT_EQ(request_irq(PIT_IRQ, count_arrival, "test", &seen), 0);
	arrived = 0;
	before = irq_count(PIT_IRQ);
	for (u32 n = 1; n <= 5 && arrived == n - 1; n++) {
		pit_start(PIT_ONE_SHOT, 2000);
		wait_for_arrivals(n);
		EXPECT_EQ(arrived, n);
		EXPECT_EQ(seen, (u32)PIT_IRQ);
		EXPECT_EQ(irq_count(PIT_IRQ) - before, (u64)n);
	}
	free_irq(PIT_IRQ, &seen);
	pit_start(PIT_SQUARE, 0);
}

/* Call what the vector of `irq` leads to, as if it had interrupted. */
static void raise(u32 irq)
{
	u8 vector = (u8)(I8259_VECTOR_BASE + irq);
	struct pt_regs regs = {.vector = vector};
	unsigned long flags = local_irq_save();
	trap_handler_t handler = set_trap_handler(vector, NULL);

	set_trap_handler(vector, handler);
	if (handler)
		EXPECT_TRUE(handler(&regs));
	local_irq_restore(flags);
}

TEST(irq, handler_gets_its_line_and_device)
{
	u32 seen = ~0U;
	u64 before;

	need_free_line(FREE_IRQ);
	ASSERT_EQ(request_irq(FREE_IRQ, count_arrival, "test", &seen), 0);
	arrived = 0;
	before = irq_count(FREE_IRQ);
	for (u32 i = 0; i < 7; i++)
		raise(FREE_IRQ);
	free_irq(FREE_IRQ, &seen);
	EXPECT_EQ(arrived, 7U);
	EXPECT_EQ(seen, (u32)FREE_IRQ);
	EXPECT_EQ(irq_count(FREE_IRQ) - before, 7ULL);
}

/* A thousand interrupts that nobody wants end in a masked line and a message; the line still works afterwards. */
TEST(irq, unwanted_line_is_masked)
{
	u32 seen = ~0U;
	u64 before;

	need_free_line(FREE_IRQ);
	before = irq_count(FREE_IRQ);
	for (u32 i = 0; i < 1000; i++)
		raise(FREE_IRQ);
	EXPECT_EQ(irq_count(FREE_IRQ) - before, 1000ULL);
	EXPECT_TRUE(inb(0xa1) & BIT(FREE_IRQ - 8)); /* the second chip's mask register */
	ASSERT_EQ(request_irq(FREE_IRQ, count_arrival, "test", &seen), 0);
	EXPECT_FALSE(inb(0xa1) & BIT(FREE_IRQ - 8));
	arrived = 0;
	raise(FREE_IRQ);
	free_irq(FREE_IRQ, &seen);
	EXPECT_EQ(arrived, 1U);
	EXPECT_TRUE(inb(0xa1) & BIT(FREE_IRQ - 8));
}

/* Vectors of lines 7 and 15 without an interrupt in service: counted apart, no handler. */
TEST(irq, spurious_interrupts_reach_nobody)
{
	u32 seen = ~0U;
	u64 before;

	need_free_line(7);
	ASSERT_EQ(request_irq(7, count_arrival, "test", &seen), 0);
	arrived = 0;
	before = irq_count(7);
	raise(7);
	free_irq(7, &seen);
	EXPECT_EQ(arrived, 0U);
	EXPECT_EQ(irq_count(7), before);
}
