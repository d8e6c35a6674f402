/*
 * The kernel log: a ring of fixed-size records that anyone may write at any
 * time, an NMI inside a half-written record included, because nobody waits.
 *
 * A writer draws its sequence numbers with one atomic add (a long line takes
 * consecutive ones), claims each slot by compare-and-swap, fills it, and commits
 * it with a release store. A slot's `state` says all of that in one word:
 *
 *	2 * (seq + 1)		record seq is there, complete
 *	2 * (seq + 1) + 1	record seq is being written
 *	0			never used
 *
 * `state` only grows. A reader copies a slot and looks at `state` again: if it
 * changed, the copy is worth nothing and the record is gone.
 *
 * When the ring has gone round once while a writer was interrupted in its slot,
 * the newcomer must not write there and must not wait. It renames the busy slot
 * to its own number and goes on; the old writer finds the new name when it
 * commits, and leaves a note there instead of its text.
 */
#include <arch/insn.h>
#include <lib/bug.h>
#include <lib/console.h>
#include <lib/errno.h>
#include <lib/kstrtox.h>
#include <lib/param.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <lib/vsprintf.h>

#define LOG_RECORDS 1024 /* a power of two */
#define LINE_BYTES  512	 /* one call's text, formatted on the caller's stack */
#define BUSY	    1ULL

struct slot {
	u64 state;
	u64 cycles;
	u8 level, len;
	bool cont, more;
	char text[PRINTK_TEXT];
} __aligned(64);
_Static_assert(sizeof(struct slot) == 128, "two cache lines a record");

static struct slot ring[LOG_RECORDS];
static u64 next_seq; /* the next number to draw */

u64 console_loglevel = 7;
bool ignore_loglevel;

/* Without a clock no time passes: cycles since power-on would look like a time and not be one. */
static u64 no_clock(u64 cycles __maybe_unused)
{
	return 0;
}
u64 (*printk_cycles_to_ns)(u64 cycles) = no_clock;
u64 (*printk_clock)(void) = rdtsc;

static int quiet_setup(const char *value)
{
	bool quiet = true;

	if (*value && kstrtobool(value, &quiet))
		return -EINVAL;
	if (quiet)
		console_loglevel = LOGLEVEL_WARNING;
	return 0;
}

PARAM("loglevel", PARAM_NUMBER(&console_loglevel, 0, 8),
      "log messages below this level (0-7, 7 is debug) reach the console");
PARAM("quiet", PARAM_CALL(quiet_setup), "only errors reach the console: loglevel=4");
PARAM("ignore_loglevel", PARAM_FLAG(&ignore_loglevel), "every log message reaches the console");

static u64 committed(u64 seq)
{
	return 2 * (seq + 1);
}

static struct slot *slot_of(u64 seq)
{
	return &ring[seq % LOG_RECORDS];
}

/* ---- writing -------------------------------------------------------------------------------- */

/* true: the slot is ours to fill. false: it went to a later record, or its last writer is still in it. */
static bool claim(struct slot *slot, u64 seq)
{
	u64 busy = committed(seq) | BUSY;
	u64 state = __atomic_load_n(&slot->state, __ATOMIC_RELAXED);

	do {
		if (state >= busy)
			return false;
	} while (!__atomic_compare_exchange_n(&slot->state, &state, busy, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return !(state & BUSY);
}

/* The slot was renamed while we were in it: our record is too old to matter, the newer one has no text. */
static void commit_lost(struct slot *slot, u64 state)
{
	static const char note[] = "(lost: the log went round while its place was being written)";

	slot->level = LOGLEVEL_WARNING;
	slot->cont = slot->more = false;
	slot->len = sizeof(note) - 1;
	memcpy(slot->text, note, sizeof(note) - 1);
	while (!__atomic_compare_exchange_n(&slot->state, &state, state & ~BUSY, false,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

static void commit(struct slot *slot, u64 seq)
{
	u64 state = committed(seq) | BUSY;

	if (!__atomic_compare_exchange_n(&slot->state, &state, committed(seq), false,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		commit_lost(slot, state);
}

/* Text from outside (a command line, a firmware string) may not drive the terminal that shows it. */
static void copy_printable(char *dst, const char *src, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		u8 c = (u8)src[i];

		dst[i] = c == '\t' ? ' ' : c >= 0x20 && c < 0x7f ? (char)c : '?';
	}
}

static void store(u64 seq, const struct printk_record *rec, const char *text)
{
	struct slot *slot = slot_of(seq);

	if (!claim(slot, seq))
		return;
	slot->cycles = rec->cycles;
	slot->level = rec->level;
	slot->cont = rec->cont;
	slot->more = rec->more;
	slot->len = rec->len;
	copy_printable(slot->text, text, rec->len);
	commit(slot, seq);
}

/* Cut the next record off *text: sets its len, cont and more. Where it starts, or NULL: nothing is left. */
static const char *next_piece(const char **text, const char *end, struct printk_record *rec)
{
	const char *start = *text, *newline;
	size_t left = (size_t)(end - start);

	if (!left)
		return NULL;
	rec->cont = rec->more;
	newline = memchr(start, '\n', min(left, (size_t)PRINTK_TEXT + 1));
	rec->more = !newline && left > PRINTK_TEXT;
	if (newline)
		rec->len = (u8)(newline - start);
	else
		rec->len = (u8)min(left, (size_t)PRINTK_TEXT);
	*text = start + rec->len + (newline ? 1 : 0);
	return start;
}

static u64 count_pieces(const char *text, const char *end)
{
	struct printk_record rec = {.more = false};
	u64 n = 0;

	while (next_piece(&text, end, &rec))
		n++;
	return n;
}

/* Format into buf; what does not fit is cut, and the cut is seen. */
static int format_line(char *buf, const char *fmt, va_list args) __printf(2, 0);
static int format_line(char *buf, const char *fmt, va_list args)
{
	int len = vsnprintf(buf, LINE_BYTES, fmt, args);

	if (len < LINE_BYTES)
		return len;
	memcpy(buf + LINE_BYTES - 4, "...", 4);
	return LINE_BYTES - 1;
}

int vprintk(const char *fmt, va_list args)
{
	struct printk_record rec = {.level = LOGLEVEL_WARNING, .cycles = printk_clock()};
	char line[LINE_BYTES];
	const char *text = line, *piece, *end;
	u64 seq;
	int stored = 0;

	if (fmt[0] == '\001' && fmt[1] >= '0' && fmt[1] <= '7') {
		rec.level = (u8)(fmt[1] - '0');
		fmt += 2;
	}
	end = line + format_line(line, fmt, args);
	seq = __atomic_fetch_add(&next_seq, count_pieces(text, end), __ATOMIC_RELAXED);
	for (; (piece = next_piece(&text, end, &rec)) != NULL; seq++) {
		store(seq, &rec, piece);
		stored += rec.len;
	}
	if (con_trylock())
		con_unlock();
	return stored;
}

int printk(const char *fmt, ...)
{
	va_list args;
	int stored;

	va_start(args, fmt);
	stored = vprintk(fmt, args);
	va_end(args);
	return stored;
}

/* ---- reading -------------------------------------------------------------------------------- */

enum read_result { READ_OK, READ_PENDING, READ_GONE };

static enum read_result read_slot(const struct slot *slot, u64 seq, struct printk_record *rec)
{
	u64 state = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);

	if (state > (committed(seq) | BUSY))
		return READ_GONE;
	if (state != committed(seq))
		return READ_PENDING;
	rec->seq = seq;
	rec->cycles = slot->cycles;
	rec->level = slot->level;
	rec->cont = slot->cont;
	rec->more = slot->more;
	rec->len = min(slot->len, (u8)PRINTK_TEXT);
	memcpy(rec->text, slot->text, rec->len);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return READ_ONCE(slot->state) == state ? READ_OK : READ_GONE;
}

/*
 * A record that is still being written ends the log for now: whoever writes it has it shown
 * afterwards. Not so in a panic, when its writer may have been stopped for good.
 */
bool printk_read(u64 *seq, struct printk_record *rec)
{
	for (;;) {
		u64 end = __atomic_load_n(&next_seq, __ATOMIC_ACQUIRE);
		enum read_result result;

		if (*seq >= end)
			return false;
		if (end - *seq > LOG_RECORDS)
			*seq = end - LOG_RECORDS;
		result = read_slot(slot_of(*seq), *seq, rec);
		if (result == READ_PENDING && !panic_depth)
			return false;
		++*seq;
		if (result == READ_OK)
			return true;
	}
}

int printk_stamp(const struct printk_record *rec, char *buf, size_t size)
{
	u64 us = printk_cycles_to_ns(rec->cycles) / 1000;

	return scnprintf(buf, size, "[%5llu.%06llu] ", us / 1000000, us % 1000000);
}

size_t printk_line(const struct printk_record *rec, bool stamp, char *buf)
{
	size_t len = stamp ? (size_t)printk_stamp(rec, buf, PRINTK_LINE - PRINTK_TEXT - 1) : 0;

	memcpy(buf + len, rec->text, rec->len);
	len += rec->len;
	if (!rec->more)
		buf[len++] = '\n';
	return len;
}
