/*
 * How fast the time-stamp counter runs.
 *
 * The idea: nobody waits. Where CPUID does not say, channel 2 of the PIT starts
 * to count down while the kernel boots, and whoever wants the time later looks how far both counters got
 * meanwhile. A longer window is a better measure, so the answer is improved each time the window has doubled.
 * CPUID is checked the same way, because an emulator may fill in the leaf of a CPU that it does not run like (Bochs).
 *
 * Invariant: a window that may have wrapped (OUT went high) is never used. Until there is an
 * answer the time is 0, as in Linux's log, and not a guess.
 *
 * SDM vol. 3, 17.17.3 (TSC frequency); Intel 8254 data sheet (mode 0, counter latch).
 */
#define pr_fmt(fmt) "tsc: " fmt

#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/tsc.h>
#include <lib/printk.h>

#define PIT_HZ		1193182
#define PIT_CHANNEL2	0x42
#define PIT_COMMAND	0x43
#define PIT_CH2_MODE0	0xb0 /* channel 2, low byte then high, interrupt on terminal count, binary */
#define PIT_CH2_LATCH	0x80
#define PIT_START	0xffff
#define PORT_B		0x61 /* "system control port B" */
#define PORT_B_WRITABLE 0x0f
#define PORT_B_GATE2	0x01 /* channel 2 counts */
#define PORT_B_SPEAKER	0x02
#define PORT_B_OUT2	0x20 /* channel 2 reached zero */

#define MIN_TICKS  1000	 /* 0.84 ms: the two reads are then off by less than a percent */
#define GOOD_TICKS 30000 /* no need to look again */
#define LOOK_CYCLES \
	100000 /* between looks: four port accesses are four exits on a virtual machine */
#define MAX_LOOKS \
	100000 /* when waiting for MIN_TICKS; a port access takes a tenth of a tick at least */
#define ASSUMED_KHZ  1000000
#define STUCK_CYCLES 100000000 /* no PIT is slower than that: a tick is 838 ns */

#define CPUID_TSC	 0x15
#define CPUID_FREQUENCY	 0x16
#define CPUID_HYP_TIMING 0x40000010

extern u64 boot_tsc_start; /* boot/entry32.asm: the TSC at the first instruction */

u32 tsc_khz;
const char *tsc_source = "not known yet";

static u32 cpuid_khz;	    /* what CPUID says; 0: nothing */
static u64 ns_per_cycle_32; /* nanoseconds a cycle, times 2^32 */

static struct {
	bool open;
	u32 busy;   /* somebody looks: the latch is one for all */
	u64 start;  /* TSC when the counter was at PIT_START */
	u64 looked; /* TSC at the last look */
	u32 used;   /* ticks that the present answer rests on */
} window;

static void set_khz(u64 khz, const char *source)
{
	if (!khz || khz > 0xffffffff)
		return;
	ns_per_cycle_32 = (1000000ULL << 32) / khz;
	tsc_source = source;
	WRITE_ONCE(tsc_khz, (u32)khz);
}

/* Leaf 15h: the ratio to a crystal, whose frequency may be missing; 16h then has the base frequency in MHz. */
static void ask_cpuid(void)
{
	u32 max = boot_cpu_data.max_leaf;

	if (max >= CPUID_TSC) {
		struct cpuid_regs r = cpuid(CPUID_TSC);

		if (r.eax && r.ebx && r.ecx)
			set_khz((u64)r.ecx * r.ebx / r.eax / 1000, "CPUID 15h");
		else if (r.eax && r.ebx && max >= CPUID_FREQUENCY)
			set_khz((cpuid(CPUID_FREQUENCY).eax & 0xffff) * 1000, "CPUID 16h");
	}
	if (!tsc_khz && boot_cpu_data.max_hyp_leaf >= CPUID_HYP_TIMING)
		set_khz(cpuid(CPUID_HYP_TIMING).eax, "hypervisor");
}

/* ---- the PIT window ------------------------------------------------------------------------------- */

static void assume(void)
{
	window.open = false;
	if (!tsc_khz)
		set_khz(ASSUMED_KHZ, "assumed, no PIT");
}

/* Mode 0 holds OUT low until the count is over; a machine without a PIT reads as ones. */
static void open_window(void)
{
	u8 port_b = inb(PORT_B) & PORT_B_WRITABLE & ~PORT_B_SPEAKER;

	outb(PORT_B, port_b | PORT_B_GATE2);
	outb(PIT_COMMAND, PIT_CH2_MODE0);
	outb(PIT_CHANNEL2, PIT_START & 0xff);
	outb(PIT_CHANNEL2, PIT_START >> 8);
	window.start = window.looked = rdtsc();
	window.open = true;
	if (inb(PORT_B) & PORT_B_OUT2)
		assume();
}

/* Ticks and cycles since the window opened. false: it has expired. The TSC is read right after the same kind of access as at its start. */
static bool read_window(u32 *ticks, u64 *cycles)
{
	u32 count;

	outb(PIT_COMMAND, PIT_CH2_LATCH);
	window.looked = rdtsc();
	count = inb(PIT_CHANNEL2);
	count |= (u32)inb(PIT_CHANNEL2) << 8;
	*ticks = PIT_START - count;
	*cycles = window.looked - window.start;
	return !(inb(PORT_B) & PORT_B_OUT2);
}

/* CPUID is exact where it is right, the PIT is right where it is not exact. */
static bool cpuid_agrees(u64 measured)
{
	return cpuid_khz && measured > cpuid_khz / 2 && measured < cpuid_khz * 2ULL;
}

/* Take the measure if it is better than the one before. false: the window has expired. */
static bool look(void)
{
	u32 ticks;
	u64 cycles, measured;

	if (!read_window(&ticks, &cycles))
		return false;
	if (!ticks && cycles > STUCK_CYCLES)
		assume();
	if (ticks < MIN_TICKS || ticks < 2 * window.used)
		return true;
	window.used = ticks;
	window.open = ticks < GOOD_TICKS;
	measured = cycles * PIT_HZ / ticks / 1000;
	if (cpuid_agrees(measured))
		window.open = false;
	else
		set_khz(measured, "PIT");
	return true;
}

/*
 * Nobody looked for 55 ms and the first measure is lost. By now a person may be asking, so this
 * time it does wait, for a millisecond and once.
 */
static void measure_again(void)
{
	open_window();
	for (u32 i = 0; window.open && !tsc_khz && i < MAX_LOOKS; i++)
		look();
	assume();
}

void tsc_refine(void)
{
	if (!READ_ONCE(window.open) || rdtsc() - window.looked < LOOK_CYCLES)
		return;
	if (__atomic_exchange_n(&window.busy, 1, __ATOMIC_ACQUIRE))
		return;
	if (window.open && !look()) {
		window.open = false;
		if (!tsc_khz)
			measure_again();
	}
	__atomic_store_n(&window.busy, 0, __ATOMIC_RELEASE);
}

/* ---- time ---------------------------------------------------------------------------------------- */

u64 tsc_to_ns(u64 cycles)
{
	tsc_refine();
	if (cycles <= boot_tsc_start)
		return 0;
	return (u64)((unsigned __int128)(cycles - boot_tsc_start) * ns_per_cycle_32 >> 32);
}

void tsc_report(void)
{
	tsc_refine();
	if (tsc_khz)
		pr_info("%u.%03u MHz (%s)\n", tsc_khz / 1000, tsc_khz % 1000, tsc_source);
	else
		pr_info("frequency %s\n", tsc_source);
}

void tsc_early_init(void)
{
	ask_cpuid();
	cpuid_khz = tsc_khz;
	open_window();
	printk_cycles_to_ns = tsc_to_ns;
}
