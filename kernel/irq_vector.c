/*
 * Vectors, given out CPU by CPU. The table that the interrupt path reads is the
 * allocator's whole state: a vector is free when its entry says so.
 *
 * Invariant: an entry of the device range that is not VECTOR_FREE is owned by exactly one irq, as the
 * place where it arrives or has arrived until a moment ago.
 * SDM vol. 3, 10.8.3: vectors 16 to 255; the upper four bits are the priority.
 */
#include <kernel/irq_vector.h>
#include <kernel/smp.h>
#include <lib/cpumask.h>
#include <lib/errno.h>
#include <lib/spinlock.h>

DEFINE_PER_CPU(u16[NR_VECTORS], vector_irq) = {[0 ... NR_VECTORS - 1] = VECTOR_FREE};

/* Protects every CPU's table against other writers; the interrupt path reads its own without. Innermost. */
static DEFINE_SPINLOCK(vector_lock);

static u16 *entry(u32 cpu, u32 vector)
{
	return &per_cpu(vector_irq, cpu)[vector];
}

static bool is_device_vector(u32 vector)
{
	return vector >= FIRST_DEVICE_VECTOR && vector <= LAST_DEVICE_VECTOR;
}

static u32 find_free(u32 cpu, u8 wish)
{
	u32 vector = wish;

	if (is_device_vector(wish) && *entry(cpu, wish) == VECTOR_FREE)
		return wish;
	for (vector = FIRST_DEVICE_VECTOR; vector <= LAST_DEVICE_VECTOR; vector++)
		if (*entry(cpu, vector) == VECTOR_FREE)
			break;
	return vector;
}

int vector_alloc(u32 cpu, u32 irq, u8 wish)
{
	unsigned long flags;
	u32 vector;

	if (!cpu_online(cpu))
		return -ENXIO;
	spin_lock_irqsave(&vector_lock, flags);
	vector = find_free(cpu, wish);
	if (vector <= LAST_DEVICE_VECTOR)
		WRITE_ONCE(*entry(cpu, vector), (u16)irq);
	spin_unlock_irqrestore(&vector_lock, flags);
	return vector <= LAST_DEVICE_VECTOR ? (int)vector : -ENOSPC;
}

static void set_entry(u32 cpu, u8 vector, u16 value)
{
	unsigned long flags;

	spin_lock_irqsave(&vector_lock, flags);
	WRITE_ONCE(*entry(cpu, vector), value);
	spin_unlock_irqrestore(&vector_lock, flags);
}

void vector_free(u32 cpu, u8 vector)
{
	set_entry(cpu, vector, VECTOR_FREE);
}

int vector_claim(u32 cpu, u32 irq, u8 vector)
{
	if (is_device_vector(vector) || *entry(cpu, vector) != VECTOR_FREE)
		return -EBUSY;
	set_entry(cpu, vector, (u16)irq);
	return 0;
}

/* On the old CPU: only it can see whether its APIC still holds one back. */
static void retire_here(void *info)
{
	u8 vector = (u8)(uintptr_t)info;
	u32 cpu = smp_processor_id();

	if (lapic_irr(vector))
		set_entry(cpu, vector, *entry(cpu, vector) | VECTOR_RETIRING);
	else
		vector_free(cpu, vector);
}

void vector_retire(u32 cpu, u8 vector)
{
	smp_call_function_single(cpu, retire_here, (void *)(uintptr_t)vector, false);
}

u32 vectors_left(u32 cpu)
{
	u32 vector, n = 0;

	for (vector = FIRST_DEVICE_VECTOR; vector <= LAST_DEVICE_VECTOR; vector++)
		n += READ_ONCE(*entry(cpu, vector)) == VECTOR_FREE;
	return n;
}
