/*
 * Ticket spinlocks: first come, first served, so no CPU starves. The lock is
 * two 16-bit counters in one word: the ticket being served and the next to be
 * drawn (Linux had this form until 4.2; see docs for what queued locks add).
 */
#ifndef LIB_SPINLOCK_H
#define LIB_SPINLOCK_H

#include <arch/insn.h>
#include <arch/irqflags.h>
#include <lib/types.h>

typedef struct {
	union {
		u32 word;
		struct {
			u16 owner; /* ticket being served */
			u16 next;  /* next ticket to hand out */
		};
	};
} spinlock_t;

#define SPIN_LOCK_INIT    \
	{                 \
		.word = 0 \
	}
#define DEFINE_SPINLOCK(x) spinlock_t x = SPIN_LOCK_INIT

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->word = 0;
}

static inline bool spin_is_locked(spinlock_t *lock)
{
	u32 word = READ_ONCE(lock->word);

	return (word >> 16) != (word & 0xffff);
}

static inline void spin_lock(spinlock_t *lock)
{
	u32 drawn = __atomic_fetch_add(&lock->word, 1u << 16, __ATOMIC_ACQUIRE);
	u16 ticket = drawn >> 16;

	if (likely(ticket == (u16)drawn))
		return;
	while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket)
		cpu_relax();
}

static inline bool spin_trylock(spinlock_t *lock)
{
	u32 word = READ_ONCE(lock->word);

	if ((word >> 16) != (word & 0xffff))
		return false;
	return __atomic_compare_exchange_n(&lock->word, &word, word + (1u << 16), false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/*
 * Only the holder writes `owner`, so an increment without LOCK is enough, and x86 does not let a store
 * overtake what came before it. (A compiler makes three instructions of the C for this.)
 */
static inline void spin_unlock(spinlock_t *lock)
{
	__asm__ __volatile__("addw $1, %0" : "+m"(lock->owner)::"memory", "cc");
}

#define spin_lock_irqsave(lock, flags)      \
	do {                                \
		(flags) = local_irq_save(); \
		spin_lock(lock);            \
	} while (0)

static inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	local_irq_restore(flags);
}

#endif
