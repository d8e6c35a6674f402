/*
 * The PIT as a counter that only goes up.
 *
 * In mode 0 a channel counts down from what was written, holds its output low until it reaches zero, and
 * then just goes on, from 0 to ffff. So a channel that was started once is a free-running 16-bit counter, and its
 * output says whether the first round is over. The read-back command latches both at one instant.
 *
 * Channel 2 is used, which counts while its gate in port 61h is open. A machine without that port (QEMU's microvm)
 * may have a PIT all the same: there it is channel 0, with its interrupt masked.
 *
 * Reading takes four port accesses, which two CPUs, or an NMI, must not interleave: whoever comes second is turned
 * away. Intel 8254 data sheet: mode 0, read-back command.
 */
#include <arch/insn.h>
#include <arch/pit.h>

#define START 0xffff

#define PORT_B	 0x61 /* "system control port B" */
#define WRITABLE 0x0f
#define GATE2	 0x01 /* channel 2 counts */
#define SPEAKER	 0x02
#define NOTHING	 0xff /* what a port without a device reads as */

#define SELECT(channel)	   ((u8)((channel) << 6))
#define BOTH_BYTES_MODE_0  0x30
#define READ_BACK(channel) ((u8)(0xc0 | 2 << (channel))) /* latch count and status */
#define STATUS_OUT	   0x80
#define STATUS_SETTING	   0x3f /* what was selected: BOTH_BYTES_MODE_0 */

static u32 busy;
static u8 channel = 2;
static bool present;

static u16 data_port(void)
{
	return PIT_CHANNEL0 + channel;
}

static void open_gate(void)
{
	u8 port_b = inb(PORT_B);

	if (port_b == NOTHING)
		channel = 0;
	else
		outb(PORT_B, (port_b & WRITABLE & ~SPEAKER) | GATE2);
}

static bool setting_is_kept(void)
{
	outb(PIT_COMMAND, READ_BACK(channel));
	return (inb(data_port()) & STATUS_SETTING) == BOTH_BYTES_MODE_0;
}

bool pit_start(struct pit_look *look)
{
	open_gate();
	outb(PIT_COMMAND, SELECT(channel) | BOTH_BYTES_MODE_0);
	outb(data_port(), START & 0xff);
	look->before = rdtsc();
	outb(data_port(), START >> 8); /* counts from here on */
	look->after = rdtsc();
	look->count = 0;
	look->expired = false;
	present = setting_is_kept();
	inb(data_port()); /* the count that was latched too */
	inb(data_port());
	return present;
}

bool pit_look(struct pit_look *look)
{
	u8 status, low, high;

	if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
		return false;
	look->before = rdtsc();
	outb(PIT_COMMAND, READ_BACK(channel));
	look->after = rdtsc();
	status = inb(data_port());
	low = inb(data_port());
	high = inb(data_port());
	look->count = (u16)(START - (high << 8 | low));
	look->expired = status & STATUS_OUT;
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
	return true;
}

bool pit_present(void)
{
	return present;
}

bool pit_can_interrupt(void)
{
	return present && channel != 0;
}
