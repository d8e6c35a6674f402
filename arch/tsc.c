/*
 * How fast the time-stamp counter runs.
 *
 * The idea: nobody waits. Where CPUID does not say, channel 2 of the PIT starts to count while the kernel
 * boots, and whoever wants the time later looks how far both counters got meanwhile. A
 * look is one port access with the TSC read before and after: the counter's value belongs to an instant between them, so the
 * distance is how wrong the look may be, and a host that took the CPU away just then spoils the look and
 * not the answer. The error of both looks divided by the window is the error of the frequency; an answer
 * replaces another if its error is at most half.
 *
 * CPUID is checked the same way, because an emulator may fill in the leaf of a CPU that it does not run like
 * (Bochs). A frequency that was told by kvmclock needs no check: there the PIT is not touched any more.
 *
 * Invariant: a window that may have wrapped (OUT went high) is never used. Until there is an
 * answer the time is 0, as in Linux's log, and not a guess.
 *
 * SDM vol. 3, 17.17.3 (TSC frequency).
 */
#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/pit.h>
#include <arch/tsc.h>
#include <lib/printk.h>

#define PPM 1000000u
#define ERROR_WANTED \
	200 /* ppm: no need to look again; the clocks of the chip set do better (drivers/clock/tsc.c) */
#define ERROR_ACCEPTED	50000 /* ppm: better than no time at all */
#define ERROR_ASSUMED	1000000
#define ERROR_CPUID_16H 5000 /* the leaf is in MHz, and rounded */
#define LOOK_CYCLES \
	100000 /* between looks: five port accesses are five exits on a virtual machine */
#define MAX_LOOKS \
	100000 /* when waiting for an answer; a port access takes a tenth of a tick at least */
#define ASSUMED_KHZ  1000000
#define STUCK_CYCLES 100000000 /* no PIT is slower than that: a tick is 838 ns */

#define CPUID_TSC	 0x15
#define CPUID_FREQUENCY	 0x16
#define CPUID_HYP_TIMING 0x40000010

u32 tsc_khz, cpu_khz, tsc_error_ppm = ERROR_ASSUMED;
const char *tsc_source = "not known yet";

static u32 cpuid_khz;	    /* what CPUID says; 0: nothing */
static u64 ns_per_cycle_32; /* nanoseconds a cycle, times 2^32 */

static struct {
	bool open;
	u32 busy;   /* somebody looks */
	u64 looked; /* TSC at the last look */
	struct pit_look start;
} window;

/* Unconditional, where tsc_set_khz() takes only what is better. */
static void set_khz(u64 khz, u32 error_ppm, const char *source)
{
	if (!khz || khz > 0xffffffff)
		return;
	ns_per_cycle_32 = (1000000ULL << 32) / khz;
	tsc_source = source;
	tsc_error_ppm = error_ppm;
	WRITE_ONCE(tsc_khz, (u32)khz);
}

bool tsc_set_khz(u64 khz, u32 error_ppm, const char *source)
{
	if (!khz || khz > 0xffffffff || (tsc_khz && error_ppm > tsc_error_ppm / 2))
		return false;
	set_khz(khz, error_ppm, source);
	if (!error_ppm)
		window.open = false;
	return true;
}

/* Leaf 15h: the ratio to a crystal, whose frequency may be missing; 16h then has the base frequency in MHz. */
static void ask_cpuid(void)
{
	u32 max = boot_cpu_data.max_leaf;
	struct cpuid_regs ratio = {0};

	if (max >= CPUID_FREQUENCY)
		cpu_khz = (cpuid(CPUID_FREQUENCY).eax & 0xffff) * 1000;
	if (max >= CPUID_TSC)
		ratio = cpuid(CPUID_TSC);
	if (ratio.eax && ratio.ebx && ratio.ecx)
		set_khz((u64)ratio.ecx * ratio.ebx / ratio.eax / 1000, 0, "CPUID 15h");
	else if (ratio.eax && ratio.ebx)
		set_khz(cpu_khz, ERROR_CPUID_16H, "CPUID 16h");
	if (!tsc_khz && boot_cpu_data.max_hyp_leaf >= CPUID_HYP_TIMING)
		set_khz(cpuid(CPUID_HYP_TIMING).eax, 0, "hypervisor");
	cpuid_khz = tsc_khz;
}

/* ---- the PIT window ------------------------------------------------------------------------------- */

static void assume(void)
{
	window.open = false;
	if (!tsc_khz)
		set_khz(ASSUMED_KHZ, ERROR_ASSUMED, "assumed, no PIT");
}

static void open_window(void)
{
	window.open = pit_start(&window.start);
	window.looked = window.start.after;
	if (!window.open)
		assume();
}

bool tsc_khz_from(u64 cycles, u64 blur, u64 ticks, u64 hz, u64 *khz, u32 *error_ppm)
{
	u64 product, ppm;

	if (!ticks || blur >= cycles || __builtin_mul_overflow(cycles, hz, &product))
		return false;
	*khz = product / ticks / 1000;
	ppm = blur * PPM / cycles + 2 * (u64)PPM / ticks + 1;
	*error_ppm = (u32)min(ppm, (u64)PPM);
	return true;
}

/* CPUID is exact where it is right, the PIT is right where it is not exact. */
static bool cpuid_agrees(u64 measured)
{
	return cpuid_khz && measured > cpuid_khz / 2 && measured < cpuid_khz * 2ULL;
}

/* What the window shows; false: it has expired. */
static bool take_look(const struct pit_look *now)
{
	const struct pit_look *start = &window.start;
	u64 cycles = now->after - start->after;
	u64 blur = now->after - now->before + start->after - start->before;
	u64 khz;
	u32 error;

	if (now->expired)
		return false;
	if (!now->count && cycles > STUCK_CYCLES)
		assume();
	if (!tsc_khz_from(cycles, blur, now->count, PIT_HZ, &khz, &error) || error > ERROR_ACCEPTED)
		return true;
	if (cpuid_agrees(khz)) {
		window.open = false;
	} else if (cpuid_khz) {
		cpuid_khz = 0; /* it is wrong; any measure is better */
		set_khz(khz, error, "PIT");
	} else {
		tsc_set_khz(khz, error, "PIT");
	}
	if (tsc_error_ppm <= ERROR_WANTED)
		window.open = false;
	return true;
}

static bool look(void)
{
	struct pit_look now;

	if (!pit_look(&now))
		return true;
	window.looked = now.after;
	return take_look(&now);
}

/*
 * Nobody looked for 55 ms and the first measure is lost. By now a person may be asking, so this
 * time it does wait, for a fraction of a millisecond and once.
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

bool tsc_refinable(void)
{
	return READ_ONCE(window.open);
}

/* ---- time ---------------------------------------------------------------------------------------- */

u64 tsc_to_ns(u64 cycles)
{
	tsc_refine();
	if (cycles <= boot_tsc_start)
		return 0;
	return (u64)((unsigned __int128)(cycles - boot_tsc_start) * ns_per_cycle_32 >> 32);
}

void tsc_early_init(void)
{
	ask_cpuid();
	open_window();
	printk_cycles_to_ns = tsc_to_ns;
}
