/*
 * The console: who may write to the devices, and where typed bytes wait.
 *
 * Output has one owner at a time, and the owner is a CPU: an interrupt that
 * comes while its CPU holds the console nests. A log line never waits for the
 * owner: it is in the ring, and whoever gives the console back first prints
 * what the ring gained, then looks once more after letting go, so that no
 * record is left without somebody who prints it.
 *
 * Input is one ring of bytes under a spinlock, fed by interrupts and by polling.
 */
#include <arch/insn.h>
#include <arch/percpu.h>
#include <lib/bug.h>
#include <lib/console.h>
#include <lib/printk.h>
#include <lib/spinlock.h>
#include <lib/string.h>
#include <lib/vsprintf.h>

#define CTRL_C 0x03

static struct console *consoles; /* appended to at boot, never removed */

/* ---- who holds the console ------------------------------------------------------------------ */

/*
 * The owner's CPU number plus one in the upper half, how deep it nests in the lower; 0: free. Both
 * in one word, because an interrupt may come between any two instructions and nest.
 */
static u32 con_owner;
static bool con_busted; /* a panic has it for good: depth no longer counts */

static u32 this_cpu_owner(void)
{
	return (smp_processor_id() + 1) << 16;
}

bool con_held(void)
{
	return (READ_ONCE(con_owner) & 0xffff0000) == this_cpu_owner();
}

bool con_trylock(void)
{
	u32 unowned = 0;

	if (con_held()) {
		if (!con_busted)
			__atomic_fetch_add(&con_owner, 1, __ATOMIC_RELAXED);
		return true;
	}
	return __atomic_compare_exchange_n(&con_owner, &unowned, this_cpu_owner() + 1, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

void con_lock(void)
{
	while (!con_trylock())
		cpu_relax();
}

void con_bust_lock(void)
{
	con_busted = true;
	__atomic_store_n(&con_owner, this_cpu_owner() + 1, __ATOMIC_SEQ_CST);
}

/* ---- output --------------------------------------------------------------------------------- */

/* All below: protected by the console's ownership. */
static u64 log_shown;  /* the first record that the consoles have not seen */
static bool line_open; /* the last byte written was no '\n' */
static void (*line_redraw)(void);

struct console *first_console(void)
{
	return consoles;
}

static void write_all(const char *s, size_t n)
{
	if (!n)
		return;
	line_open = s[n - 1] != '\n';
	for (struct console *con = consoles; con; con = con->next)
		con->write(con, s, n);
}

bool con_at_line_start(void)
{
	return !READ_ONCE(line_open);
}

void con_set_line_redraw(void (*redraw)(void))
{
	con_lock();
	line_redraw = redraw;
	con_unlock();
}

static bool is_shown(const struct printk_record *rec)
{
	return rec->level < console_loglevel || ignore_loglevel;
}

/* A log line starts at the left edge: over the line being edited, below any other. */
static void begin_log_line(bool *over_edited_line)
{
	if (!line_open)
		return;
	if (!line_redraw) {
		write_all("\n", 1);
		return;
	}
	write_all("\r\033[K", 4);
	*over_edited_line = true;
	line_open = false;
}

static void flush_log(void)
{
	bool over_edited_line = false;
	struct printk_record rec;
	char line[PRINTK_LINE];

	while (printk_read(&log_shown, &rec)) {
		if (!is_shown(&rec))
			continue;
		if (!rec.cont)
			begin_log_line(&over_edited_line);
		write_all(line, printk_line(&rec, !line_open, line));
	}
	if (!over_edited_line)
		return;
	if (con_busted)
		line_redraw = NULL; /* nobody will go on typing */
	else
		line_redraw();
}

/* The log has a record that could be shown. */
static bool log_waits(void)
{
	u64 seq = READ_ONCE(log_shown);
	struct printk_record rec;

	return consoles && printk_read(&seq, &rec);
}

/*
 * Only the outermost release prints, so a printk() from an interrupt does not come out in the middle of
 * a command's line. Its exchange is a full barrier: a writer either finds the console free or
 * its record is seen by the look that follows.
 */
void con_unlock(void)
{
	if (!con_held())
		return; /* a panic took it from us */
	if (con_busted) {
		flush_log();
		return;
	}
	if ((READ_ONCE(con_owner) & 0xffff) > 1) {
		__atomic_fetch_sub(&con_owner, 1, __ATOMIC_RELAXED);
		return;
	}
	do {
		u32 mine = this_cpu_owner() + 1;

		if (consoles)
			flush_log();
		if (!__atomic_compare_exchange_n(&con_owner, &mine, 0, false, __ATOMIC_SEQ_CST,
						 __ATOMIC_RELAXED))
			return;
	} while (log_waits() && con_trylock());
}

void con_write(const char *s, size_t n)
{
	con_lock();
	write_all(s, n);
	con_unlock();
}

int con_vprintf(const char *fmt, va_list args)
{
	char buf[CON_PRINTF_MAX];
	int len = vsnprintf(buf, sizeof(buf), fmt, args);

	if (len >= CON_PRINTF_MAX) {
		memcpy(buf + sizeof(buf) - 5, "...\n", 5);
		len = CON_PRINTF_MAX - 1;
	}
	con_write(buf, (size_t)len);
	return len;
}

int con_printf(const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = con_vprintf(fmt, args);
	va_end(args);
	return len;
}

/* What the other consoles have shown so far. */
static void replay_log(struct console *con)
{
	struct printk_record rec;
	char line[PRINTK_LINE];
	u64 seq = 0;

	while (seq < log_shown && printk_read(&seq, &rec)) {
		if (is_shown(&rec))
			con->write(con, line, printk_line(&rec, !rec.cont, line));
	}
}

void register_console(struct console *con)
{
	struct console **end = &consoles;

	con_lock();
	replay_log(con);
	while (*end)
		end = &(*end)->next;
	con->next = NULL;
	*end = con;
	con_unlock();
}

/* ---- input ---------------------------------------------------------------------------------- */

#define INPUT_BYTES 4096 /* a power of two */
#define POLL_MAX    32	 /* bytes taken from a device at one look */

/* `lock` protects the rest; it is taken last of all locks, with interrupts off. */
static struct {
	spinlock_t lock;
	u32 head, tail; /* bytes ever put and taken, modulo 2^32 */
	u32 breaks;	/* ^C among the bytes that wait */
	u64 dropped;
	u8 bytes[INPUT_BYTES];
} input;

static int input_take(void)
{
	u8 byte;

	if (input.head == input.tail)
		return -1;
	byte = input.bytes[input.tail++ % INPUT_BYTES];
	input.breaks -= byte == CTRL_C;
	return byte;
}

/* A ^C always finds room: it says that what waits before it is not wanted. */
static bool input_make_room(u8 byte)
{
	if (input.head - input.tail < INPUT_BYTES)
		return true;
	if (byte != CTRL_C) {
		input.dropped++;
		return false;
	}
	input.dropped += INPUT_BYTES;
	input.tail = input.head;
	input.breaks = 0;
	return true;
}

void (*con_wake)(void);

void con_input(u8 byte)
{
	unsigned long flags;

	spin_lock_irqsave(&input.lock, flags);
	if (input_make_room(byte)) {
		input.bytes[input.head++ % INPUT_BYTES] = byte;
		input.breaks += byte == CTRL_C;
	}
	spin_unlock_irqrestore(&input.lock, flags);
	if (con_wake)
		con_wake();
}

/* Devices without an interrupt; bounded, because a line may bring bytes without an end. */
static void poll_consoles(void)
{
	for (struct console *con = consoles; con; con = con->next) {
		if (!con->poll || con->irq_driven)
			continue;
		for (int i = 0; i < POLL_MAX; i++) {
			int byte = con->poll(con);

			if (byte < 0)
				break;
			con_input((u8)byte);
		}
	}
}

static int input_get(void)
{
	unsigned long flags;
	int byte;

	spin_lock_irqsave(&input.lock, flags);
	byte = input_take();
	spin_unlock_irqrestore(&input.lock, flags);
	return byte;
}

bool con_input_pending(void)
{
	return READ_ONCE(input.head) != READ_ONCE(input.tail);
}

int con_getc_nonblock(void)
{
	int byte = input_get();

	if (byte >= 0)
		return byte;
	poll_consoles();
	return input_get();
}

static void relax(void)
{
	cpu_relax();
}
void (*con_idle)(void) = relax;

int con_getc(void)
{
	int byte;

	while ((byte = con_getc_nonblock()) < 0)
		con_idle();
	return byte;
}

bool con_break(void)
{
	unsigned long flags;
	bool broken;

	poll_consoles();
	if (!READ_ONCE(input.breaks))
		return false;
	spin_lock_irqsave(&input.lock, flags);
	broken = input.breaks;
	while (input.breaks)
		input_take();
	spin_unlock_irqrestore(&input.lock, flags);
	return broken;
}

u64 con_input_dropped(void)
{
	return READ_ONCE(input.dropped);
}
