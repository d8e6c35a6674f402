/*
 * Channel 2 of the PIT as a counter that only goes up.
 *
 * In mode 0 a channel counts down from what was written, holds its output low until it reaches zero, and
 * then just goes on, from 0 to ffff. So a channel that was started once is a free-running 16-bit counter, and its
 * output says whether the first round is over.
 *
 * Reading takes three port accesses (latch, low, high), which two CPUs, or an NMI, must not interleave: whoever
 * comes second is turned away. Intel 8254 data sheet: mode 0, counter latch command.
 */
#include <arch/insn.h>
#include <arch/pit.h>

#define START	 0xffff
#define PORT_B	 0x61 /* "system control port B" */
#define WRITABLE 0x0f
#define GATE2	 0x01 /* channel 2 counts */
#define SPEAKER	 0x02
#define OUT2	 0x20 /* channel 2 has reached zero */

static u32 busy;

/* A machine without a PIT reads as ones, and OUT as high. */
bool pit_start(struct pit_look *look)
{
	u8 port_b = inb(PORT_B) & WRITABLE & ~SPEAKER;

	outb(PORT_B, port_b | GATE2);
	outb(PIT_COMMAND, PIT_CH2_MODE0);
	outb(PIT_CHANNEL2, START & 0xff);
	look->before = rdtsc();
	outb(PIT_CHANNEL2, START >> 8); /* counts from here on */
	look->after = rdtsc();
	look->count = 0;
	look->expired = inb(PORT_B) & OUT2;
	return !look->expired;
}

bool pit_look(struct pit_look *look)
{
	u8 low, high;

	if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
		return false;
	look->before = rdtsc();
	outb(PIT_COMMAND, PIT_CH2_LATCH);
	look->after = rdtsc();
	low = inb(PIT_CHANNEL2);
	high = inb(PIT_CHANNEL2);
	look->count = (u16)(START - (high << 8 | low));
	look->expired = inb(PORT_B) & OUT2;
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
	return true;
}
