/*
 * Vectors CPU by CPU, lines that move between CPUs, and MSIs. An MSI is raised
 * as a device would: by its vector, sent to its CPU, only that the sender is a local APIC.
 */
#include <arch/apicid.h>
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/lapic.h>
#include <kernel/irq.h>
#include <kernel/irq_vector.h>
#include <kernel/ktest.h>
#include <kernel/smp.h>
#include <lib/cpumask.h>
#include <lib/errno.h>

#define PATIENCE   (1ULL << 35) /* TSC cycles: some 10 s, for late hypervisors */
#define MODEL_CPUS 4

static void need_lapic(void)
{
	if (!lapic_present())
		ktest_skip("no local APIC");
}

static void need_cpus(u32 n)
{
	need_lapic();
	if (num_online_cpus() < n)
		ktest_skip("one CPU");
}

/* Numbers of online CPUs, at most `max` of them. */
static u32 some_cpus(u32 *cpus, u32 max)
{
	u32 cpu, n = 0;

	for_each_online_cpu(cpu) if (n < max) cpus[n++] = cpu;
	return n;
}

/* ---- vectors ----------------------------------------------------------------------------------- */

/* The irq each vector of the first CPUs should be; 0: free, or not ours. */
static u16 model[MODEL_CPUS][NR_VECTORS];

/* irqs that no chip has, so that nothing but this test looks them up. */
static u32 random_irq(void)
{
	return NR_IRQS - 1 - (u32)ktest_rand_below(50);
}

static u32 model_held(u32 c)
{
	u32 n = 0;

	for (u32 v = 0; v < NR_VECTORS; v++)
		n += model[c][v] != 0;
	return n;
}

static void random_alloc(u32 c, u32 cpu)
{
	u8 wish = (u8)ktest_rand_below(NR_VECTORS);
	u32 irq = random_irq(), left = vectors_left(cpu);
	u16 at_wish = per_cpu(vector_irq, cpu)[wish];
	int vector = vector_alloc(cpu, irq, wish);

	if (vector < 0) {
		EXPECT_EQ(vector, -ENOSPC);
		EXPECT_EQ(left, 0U);
		return;
	}
	ASSERT_GE(vector, FIRST_DEVICE_VECTOR);
	ASSERT_LE(vector, LAST_DEVICE_VECTOR);
	EXPECT_EQ(model[c][vector], 0); /* nobody else has it */
	if (wish >= FIRST_DEVICE_VECTOR && wish <= LAST_DEVICE_VECTOR && at_wish == VECTOR_FREE)
		EXPECT_EQ(vector, wish);
	model[c][vector] = (u16)irq;
}

static void random_free(u32 c, u32 cpu)
{
	u32 vector = (u32)ktest_rand_below(NR_VECTORS);

	for (u32 i = 0; i < NR_VECTORS && !model[c][vector]; i++)
		vector = (vector + 1) % NR_VECTORS;
	if (!model[c][vector])
		return;
	vector_free(cpu, (u8)vector);
	model[c][vector] = 0;
}

static void check_against_model(u32 c, u32 cpu, u32 left_before)
{
	for (u32 v = 0; v < NR_VECTORS; v++)
		if (model[c][v])
			EXPECT_EQ(per_cpu(vector_irq, cpu)[v], model[c][v]);
	EXPECT_EQ(vectors_left(cpu) + model_held(c), left_before);
}

TEST(irq_vector, agrees_with_a_model)
{
	u32 cpus[MODEL_CPUS] = {0}, left[MODEL_CPUS] = {0}, n;

	need_lapic();
	n = some_cpus(cpus, MODEL_CPUS);
	for (u32 c = 0; c < n; c++)
		left[c] = vectors_left(cpus[c]);
	for (u32 i = 0; i < (u32)ktest_scaled(3000); i++) {
		u32 c = (u32)ktest_rand_below(n);
		u32 bias = i / 500 % 2 ? 30 : 70; /* fills up, runs empty, fills up ... */

		if (ktest_rand_below(100) < bias)
			random_alloc(c, cpus[c]);
		else
			random_free(c, cpus[c]);
		if (i % 100 == 0)
			check_against_model(c, cpus[c], left[c]);
	}
	for (u32 c = 0; c < n; c++) {
		check_against_model(c, cpus[c], left[c]);
		while (model_held(c))
			random_free(c, cpus[c]);
		EXPECT_EQ(vectors_left(cpus[c]), left[c]);
	}
}

TEST(irq_vector, exhaustion_is_an_error_and_passes)
{
	u32 cpu = smp_processor_id(), left = vectors_left(cpu), n;
	static u8 got[NR_DEVICE_VECTORS];
	int vector;

	for (n = 0; n < NR_DEVICE_VECTORS; n++) {
		vector = vector_alloc(cpu, NR_IRQS - 1, 0);
		if (vector < 0)
			break;
		got[n] = (u8)vector;
	}
	EXPECT_EQ(n, left);
	EXPECT_EQ(vector_alloc(cpu, NR_IRQS - 1, 0), -ENOSPC);
	if (lapic_present())
		EXPECT_EQ(irq_alloc_msi(cpu), -ENOSPC);
	while (n)
		vector_free(cpu, got[--n]);
	EXPECT_EQ(vectors_left(cpu), left);
	EXPECT_EQ(vector_alloc(NR_CPUS - 1, 0, 0), -ENXIO);
}

TEST(irq_vector, wired_ones_are_not_of_the_devices)
{
	EXPECT_EQ(vector_claim(0, 0, FIRST_DEVICE_VECTOR), -EBUSY);
	EXPECT_EQ(vector_claim(0, 0, LAST_DEVICE_VECTOR), -EBUSY);
}

/* ---- MSIs -------------------------------------------------------------------------------------- */

static volatile u32 arrivals, arrived_at, arrived_irq;

static void note_arrival(u32 irq, void *dev __maybe_unused)
{
	arrived_at = smp_processor_id();
	arrived_irq = irq;
	arrivals++;
}

/* As a device does it: where and what to write comes from msi_compose(). */
static void raise_msi(u32 irq)
{
	u64 address;
	u32 data;

	ASSERT_EQ(msi_compose(irq, &address, &data), 0);
	EXPECT_EQ(address & ~0xff000ULL, 0xfee00000ULL);
	lapic_send_ipi((u32)(address >> 12 & 0xff), APIC_DM_FIXED | APIC_INT_ASSERT | data);
}

static bool wait_arrivals(u32 n)
{
	u64 start = rdtsc();

	while (arrivals < n && rdtsc() - start < PATIENCE)
		cpu_relax();
	return arrivals == n;
}

static void ops_write(void *dev, u64 address, u32 data)
{
	u64 *last = dev;

	last[0] = address;
	last[1] = data;
}

static const struct msi_ops test_ops = {.write = ops_write};

TEST(irq_msi, arrives_where_it_was_asked_for)
{
	u32 cpus[MODEL_CPUS] = {0}, n;

	need_lapic();
	n = some_cpus(cpus, MODEL_CPUS);
	for (u32 i = 0; i < n; i++) {
		int irq = irq_alloc_msi(cpus[i]);

		ASSERT_GE(irq, NR_ISA_IRQS);
		EXPECT_EQ(irq_to_cpu((u32)irq), (int)cpus[i]);
		ASSERT_EQ(request_irq((u32)irq, note_arrival, "test", NULL), 0);
		arrivals = 0;
		for (u32 k = 1; k <= 3; k++) {
			raise_msi((u32)irq);
			ASSERT_TRUE(wait_arrivals(k));
			EXPECT_EQ(arrived_at, cpus[i]);
			EXPECT_EQ(arrived_irq, (u32)irq);
		}
		free_irq((u32)irq, NULL);
		irq_free_msi((u32)irq);
		EXPECT_EQ(irq_to_vector((u32)irq), -EINVAL);
		EXPECT_EQ(request_irq((u32)irq, note_arrival, "test", NULL), -EINVAL);
	}
}

TEST(irq_msi, numbers_run_out_and_come_back)
{
	static int got[NR_IRQS];
	u32 n = 0, cpu = smp_processor_id(), left = vectors_left(cpu);
	u64 address;
	u32 data;

	need_lapic();
	while (n < NR_IRQS && (got[n] = irq_alloc_msi(cpu)) >= 0)
		n++;
	EXPECT_GE(n, 100U);
	EXPECT_EQ(got[n], -ENOSPC);
	for (u32 i = 1; i < n; i++) {
		EXPECT_NE(got[i], got[i - 1]);
		EXPECT_NE(irq_to_vector((u32)got[i]), irq_to_vector((u32)got[i - 1]));
	}
	while (n)
		irq_free_msi((u32)got[--n]);
	EXPECT_EQ(vectors_left(cpu), left);
	EXPECT_EQ(msi_compose(0, &address, &data), -EINVAL);
	EXPECT_EQ(msi_compose(NR_IRQS, &address, &data), -EINVAL);
	EXPECT_EQ(irq_alloc_msi(NR_CPUS - 1), -ENXIO);
}

/* ---- moves ------------------------------------------------------------------------------------- */

TEST(irq_affinity, refuses)
{
	int irq;

	need_lapic();
	EXPECT_EQ(irq_set_affinity(NR_IRQS, 0), -EINVAL);
	EXPECT_EQ(irq_set_affinity(0, NR_CPUS - 1), -ENXIO);
	irq = irq_alloc_msi(0);
	ASSERT_GE(irq, 0);
	if (num_online_cpus() > 1) { /* nobody could tell the device */
		u32 cpus[2];

		some_cpus(cpus, 2);
		EXPECT_EQ(irq_set_affinity((u32)irq, cpus[1]), -EOPNOTSUPP);
		EXPECT_EQ(irq_to_cpu((u32)irq), 0);
	}
	EXPECT_EQ(irq_set_affinity((u32)irq, 0), 0); /* where it is */
	irq_free_msi((u32)irq);
}

static u32 total_left(void)
{
	u32 cpu, sum = 0;

	for_each_online_cpu(cpu) sum += vectors_left(cpu);
	return sum;
}

static void nothing(void *info __maybe_unused)
{
}

/* After a call that every CPU has answered, those that were sent before are over too. */
static u32 settled_left(void)
{
	on_each_cpu(nothing, NULL, true);
	return total_left();
}

/* Interrupts follow the line; in the end one vector is held, on the CPU where it is. */
TEST(irq_affinity, interrupts_follow)
{
	u64 told[2] = {0};
	u32 cpus[MODEL_CPUS] = {0}, n, left, at = 0;
	int irq;

	need_cpus(2);
	n = some_cpus(cpus, MODEL_CPUS);
	left = total_left();
	irq = irq_alloc_msi(cpus[0]);
	ASSERT_GE(irq, 0);
	ASSERT_EQ(irq_set_msi_ops((u32)irq, &test_ops, told), 0);
	ASSERT_EQ(request_irq((u32)irq, note_arrival, "test", NULL), 0);
	arrivals = 0;
	for (u32 i = 1; i <= 60 && arrivals == i - 1; i++) {
		u64 address;
		u32 data;

		for (u32 moves = 1 + (u32)ktest_rand_below(3); moves; moves--) {
			at = cpus[ktest_rand_below(n)];
			EXPECT_EQ(irq_set_affinity((u32)irq, at), 0);
		}
		msi_compose((u32)irq, &address, &data);
		EXPECT_EQ(told[0] ? told[0] : address, address);
		raise_msi((u32)irq);
		ASSERT_TRUE(wait_arrivals(i));
		EXPECT_EQ(arrived_at, at);
	}
	EXPECT_EQ(settled_left(), left - 1);
	EXPECT_EQ(irq_count((u32)irq) >= 60, true);
	free_irq((u32)irq, NULL);
	irq_free_msi((u32)irq);
	EXPECT_EQ(settled_left(), left);
}

/* What was sent to the old place before the move is served there, by the same handler. */
TEST(irq_affinity, the_old_place_is_served)
{
	u64 told[2] = {0};
	u32 cpus[2], left, self = smp_processor_id(), other;
	unsigned long flags;
	int irq, old;

	need_cpus(2);
	some_cpus(cpus, 2);
	other = cpus[0] == self ? cpus[1] : cpus[0];
	left = total_left();
	irq = irq_alloc_msi(self);
	ASSERT_GE(irq, 0);
	irq_set_msi_ops((u32)irq, &test_ops, told);
	ASSERT_EQ(request_irq((u32)irq, note_arrival, "test", NULL), 0);
	arrivals = 0;
	flags = local_irq_save();
	raise_msi((u32)irq); /* stays pending here ... */
	old = irq_to_vector((u32)irq);
	while (!lapic_irr((u8)old))
		cpu_relax();
	EXPECT_EQ(irq_set_affinity((u32)irq, other), 0);
	raise_msi((u32)irq); /* ... while the next one ends the move */
	EXPECT_TRUE(wait_arrivals(1));
	EXPECT_EQ(arrived_at, other);
	local_irq_restore(flags);
	EXPECT_TRUE(wait_arrivals(2));
	EXPECT_EQ(arrived_at, self);
	EXPECT_EQ(settled_left(), left - 1);
	free_irq((u32)irq, NULL);
	irq_free_msi((u32)irq);
	EXPECT_EQ(settled_left(), left);
}

/* ---- free_irq() and a handler elsewhere ---------------------------------------------------------- */

static volatile bool in_handler, leave_handler, handler_left;

static void slow_handler(u32 irq __maybe_unused, void *dev __maybe_unused)
{
	u64 start = rdtsc();

	in_handler = true;
	while (!leave_handler && rdtsc() - start < (1 << 24))
		cpu_relax();
	handler_left = true;
}

TEST(irq_affinity, free_waits_for_the_handler)
{
	u32 cpus[2], self = smp_processor_id(), other;
	u64 start = rdtsc();
	int irq;

	need_cpus(2);
	some_cpus(cpus, 2);
	other = cpus[0] == self ? cpus[1] : cpus[0];
	irq = irq_alloc_msi(other);
	ASSERT_GE(irq, 0);
	ASSERT_EQ(request_irq((u32)irq, slow_handler, "test", NULL), 0);
	in_handler = leave_handler = handler_left = false;
	raise_msi((u32)irq);
	while (!in_handler && rdtsc() - start < PATIENCE)
		cpu_relax();
	ASSERT_TRUE(in_handler);
	free_irq((u32)irq, NULL); /* the handler leaves by itself a moment later */
	EXPECT_TRUE(handler_left);
	irq_free_msi((u32)irq);
}

/* A handler never runs on two CPUs at once, however wild the line moves and interrupts. */
static volatile u32 inside, overlaps;

static void exclusive_handler(u32 irq __maybe_unused, void *dev __maybe_unused)
{
	if (__atomic_fetch_add(&inside, 1, __ATOMIC_SEQ_CST))
		overlaps++;
	for (u32 i = 0; i < 200; i++)
		cpu_relax();
	__atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&arrivals, 1, __ATOMIC_SEQ_CST);
}

TEST(irq_affinity, never_twice_at_once)
{
	u64 told[2] = {0};
	u32 cpus[MODEL_CPUS] = {0}, n;
	int irq;

	need_cpus(2);
	n = some_cpus(cpus, MODEL_CPUS);
	irq = irq_alloc_msi(cpus[0]);
	ASSERT_GE(irq, 0);
	irq_set_msi_ops((u32)irq, &test_ops, told);
	ASSERT_EQ(request_irq((u32)irq, exclusive_handler, "test", NULL), 0);
	arrivals = overlaps = 0;
	for (u32 i = 0; i < 200; i++) {
		raise_msi((u32)irq);
		EXPECT_EQ(irq_set_affinity((u32)irq, cpus[ktest_rand_below(n)]), 0);
		raise_msi((u32)irq);
	}
	on_each_cpu(nothing, NULL, true);
	free_irq((u32)irq, NULL);
	EXPECT_EQ(overlaps, 0U);
	EXPECT_GE(arrivals, 1U);
	irq_free_msi((u32)irq);
	on_each_cpu(nothing, NULL, true);
}
