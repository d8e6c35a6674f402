/*
 * Interrupt lines: who may have one, that a real interrupt arrives once and is
 * counted, and that a line nobody wants cannot take the machine. The interrupt is the PIT's
 * channel 0 if it is free, and the real-time clock's; storms are made by calling the line's trap handler, because `int n`
 * is not available everywhere. What several CPUs make of it is in tests/irq_affinity.c.
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
	static const struct irq_chip none = {.name = "test", .nr = 0, .base_vector = 64};
	static const struct irq_chip too_low = {.name = "test", .nr = 8, .base_vector = 24};
	static const struct irq_chip too_high = {.name = "test", .nr = 16, .base_vector = 250};
	static const struct irq_chip second = {.name = "test", .nr = 16, .base_vector = 64};

	need_chip();
	EXPECT_EQ(irq_set_chip(&too_many), -EINVAL);
	EXPECT_EQ(irq_set_chip(&none), -EINVAL);
	EXPECT_EQ(irq_set_chip(&too_low), -EINVAL);
	EXPECT_EQ(irq_set_chip(&too_high), -EINVAL);
	EXPECT_EQ(irq_set_chip(&second), -EBUSY);
	EXPECT_EQ(irq_attach(1, &second, 1, false), -EINVAL); /* it cannot route */
	EXPECT_EQ(irq_attach(NR_IRQS, &second, 1, false), -EINVAL);
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

/* The RTC's periodic interrupt: an edge, and then none until register C has been read (MC146818A, "Interrupts"). */
#define RTC_IRQ	     8
#define CMOS_INDEX   0x70
#define CMOS_DATA    0x71
#define RTC_A	     0x0a
#define RTC_B	     0x0b
#define RTC_C	     0x0c
#define RTC_A_RATE   0x0f
#define RTC_A_1024HZ 0x06
#define RTC_B_PIE    0x40
#define RTC_C_PF     0x40

static u8 cmos_read(u8 reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

static void cmos_write(u8 reg, u8 value)
{
	outb(CMOS_INDEX, reg);
	outb(CMOS_DATA, value);
}

static volatile u32 periods;

static void count_period(u32 irq, void *dev)
{
	if (cmos_read(RTC_C) & RTC_C_PF)
		periods++;
	count_arrival(irq, dev);
}

TEST(irq, rtc_interrupts_as_often_as_it_is_answered)
{
	u8 a = cmos_read(RTC_A), b = cmos_read(RTC_B);
	u32 seen = ~0U;
	u64 before;

	need_free_line(RTC_IRQ);
	if (a == 0xff && b == 0xff)
		ktest_skip("no RTC");
	arrived = periods = 0;
	before = irq_count(RTC_IRQ);
	ASSERT_EQ(request_irq(RTC_IRQ, count_period, "test", &seen), 0);
	cmos_write(RTC_A, (u8)((a & ~RTC_A_RATE) | RTC_A_1024HZ));
	cmos_write(RTC_B, b | RTC_B_PIE);
	cmos_read(RTC_C);
	wait_for_arrivals(5);
	cmos_write(RTC_B, b);
	cmos_read(RTC_C);
	free_irq(RTC_IRQ, &seen);
	cmos_write(RTC_A, a);
	EXPECT_GE(arrived, 5U);
	EXPECT_LE(arrived - periods, 1U); /* one edge may be left from before */
	EXPECT_EQ(seen, (u32)RTC_IRQ);
	EXPECT_EQ(irq_count(RTC_IRQ) - before, (u64)arrived);
}

/* Call what the vector leads to, as if it had interrupted this CPU. */
static void raise_vector(u8 vector)
{
	struct pt_regs regs = {.vector = vector};
	unsigned long flags = local_irq_save();
	trap_handler_t handler = set_trap_handler(vector, NULL);

	set_trap_handler(vector, handler);
	if (handler)
		EXPECT_TRUE(handler(&regs));
	local_irq_restore(flags);
}

static void raise(u32 irq)
{
	int vector = irq_to_vector(irq);

	ASSERT_GE(vector, FIRST_EXTERNAL_VECTOR);
	ASSERT_EQ(irq_to_cpu(irq), (int)smp_processor_id());
	raise_vector((u8)vector);
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
	EXPECT_TRUE(irq_masked(FREE_IRQ)); /* the hardware's own word */
	ASSERT_EQ(request_irq(FREE_IRQ, count_arrival, "test", &seen), 0);
	EXPECT_FALSE(irq_masked(FREE_IRQ));
	arrived = 0;
	raise(FREE_IRQ);
	free_irq(FREE_IRQ, &seen);
	EXPECT_EQ(arrived, 1U);
	EXPECT_TRUE(irq_masked(FREE_IRQ));
}

/* A storm is of interrupts in a row: one that is wanted in between begins a new count. */
TEST(irq, a_wanted_one_ends_a_storm)
{
	u32 seen;

	need_free_line(FREE_IRQ);
	for (u32 round = 0; round < 3; round++) {
		for (u32 i = 0; i < 999; i++)
			raise(FREE_IRQ);
		ASSERT_EQ(request_irq(FREE_IRQ, count_arrival, "test", &seen), 0);
		EXPECT_FALSE(irq_masked(FREE_IRQ));
		free_irq(FREE_IRQ, &seen);
	}
}

/*
 * The 8259's vectors of its lines 7 and 15 without an interrupt in service, whether it has the lines or is only
 * masked: nobody's handler, no line's count.
 */
TEST(irq, spurious_interrupts_reach_nobody)
{
	static const u32 lines[] = {7, 15};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		u32 seen = ~0U, line = lines[i];
		u64 before;

		need_free_line(line);
		ASSERT_EQ(request_irq(line, count_arrival, "test", &seen), 0);
		arrived = 0;
		before = irq_count(line);
		raise_vector((u8)(I8259_VECTOR_BASE + line));
		free_irq(line, &seen);
		EXPECT_EQ(arrived, 0U);
		EXPECT_EQ(irq_count(line), before);
	}
}

/* A handler that gives back its own line would wait for itself: it is told, and the line stays taken. */
static void free_myself(u32 irq, void *dev)
{
	free_irq(irq, dev);
	arrived++;
}

TEST(irq, handler_may_not_free_its_line)
{
	u32 dev;

	need_free_line(FREE_IRQ);
	ASSERT_EQ(request_irq(FREE_IRQ, free_myself, "test", &dev), 0);
	arrived = 0;
	raise(FREE_IRQ);
	raise(FREE_IRQ);
	EXPECT_EQ(arrived, 2U);
	EXPECT_EQ(request_irq(FREE_IRQ, count_arrival, "test", &dev), -EBUSY);
	free_irq(FREE_IRQ, &dev);
}
