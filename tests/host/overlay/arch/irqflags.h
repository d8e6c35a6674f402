/* The interrupt flag on the host: a program has none, so a lock is just a lock. Replaces arch/irqflags.h. */
#ifndef ARCH_IRQFLAGS_H
#define ARCH_IRQFLAGS_H

#include <lib/types.h>

#define X86_EFLAGS_IF BIT(9)

static inline unsigned long local_save_flags(void)
{
	return X86_EFLAGS_IF;
}

static inline void local_irq_disable(void)
{
}

static inline void local_irq_enable(void)
{
}

static inline bool irqs_disabled(void)
{
	return false;
}

static inline unsigned long local_irq_save(void)
{
	return X86_EFLAGS_IF;
}

static inline void local_irq_restore(unsigned long flags)
{
	(void)flags;
}

#endif
