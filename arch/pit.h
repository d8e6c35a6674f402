/*
 * The programmable interval timer, Intel 8254: three 16-bit counters that go down, 1,193,182 times a second
 * whatever the CPU does. Channel 0 can interrupt (drivers/clock/pit.c). Channel 2 drives the speaker; with the
 * speaker off it is a clock that everybody may look at, which is what this file makes of it.
 */
#ifndef ARCH_PIT_H
#define ARCH_PIT_H

#include <lib/types.h>

#define PIT_HZ	      1193182
#define PIT_CHANNEL0  0x40
#define PIT_COMMAND   0x43
#define PIT_CH0_MODE0 0x30 /* channel 0, low byte then high, interrupt on terminal count, binary */

/* A look at the counter, between two looks at the TSC: it was so somewhere between them. */
struct pit_look {
	u64 before, after; /* TSC */
	u16 count;	   /* upwards, from 0 at the start; goes on from 0 after 65535 */
	bool expired;	   /* it has gone round since the start */
};

/* Start the counter from 0. false: there is no PIT. Any context; a look of another CPU at the same time is spoilt. */
bool pit_start(struct pit_look *look);
/* Look. false: somebody else is at it, `look` is not filled in. Any context. */
bool pit_look(struct pit_look *look);

/* pit_start() found one. */
bool pit_present(void);
/* Channel 0 is there, and is not what the counter had to be made of. */
bool pit_can_interrupt(void);

#endif
