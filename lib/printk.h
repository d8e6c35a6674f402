/*
 * The kernel log. printk() formats a line, stores it in a lock-free ring and,
 * if its level is below loglevel, has it written to the consoles. It may be
 * called in any context, NMI and panic included: a line is never torn and never
 * waits for a lock; if the console is taken, whoever holds it prints the line.
 *
 * Levels, prefixes and names are Linux's (include/linux/kern_levels.h).
 */
#ifndef LIB_PRINTK_H
#define LIB_PRINTK_H

#include <lib/types.h>
#include <stdarg.h>

#define KERN_EMERG   "\0010"
#define KERN_ALERT   "\0011"
#define KERN_CRIT    "\0012"
#define KERN_ERR     "\0013"
#define KERN_WARNING "\0014"
#define KERN_NOTICE  "\0015"
#define KERN_INFO    "\0016"
#define KERN_DEBUG   "\0017"

#define LOGLEVEL_EMERG	 0
#define LOGLEVEL_ERR	 3
#define LOGLEVEL_WARNING 4
#define LOGLEVEL_INFO	 6
#define LOGLEVEL_DEBUG	 7

/* A .c file defines pr_fmt before its includes to put its name before every line. */
#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif

/*
 * One call is one line (a trailing '\n' is optional; an inner '\n' starts a new
 * record with the same level). Returns the number of characters stored.
 */
int printk(const char *fmt, ...) __printf(1, 2);
int vprintk(const char *fmt, va_list args) __printf(1, 0);

#define pr_emerg(fmt, ...)  printk(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit(fmt, ...)   printk(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...)    printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...)   printk(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice(fmt, ...) printk(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...)   printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug(fmt, ...)  printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)

#define PRINTK_TEXT 104 /* characters of one record; longer lines take consecutive ones */

struct printk_record {
	u64 seq;    /* counts records since boot */
	u64 cycles; /* printk_clock() when printed: turned into seconds when read */
	u8 level;
	bool cont; /* continues the record before it */
	bool more; /* goes on in the record after it */
	u8 len;
	char text[PRINTK_TEXT];
};

/*
 * Copy the first record whose seq is >= *seq and set *seq to the one after it.
 * false: there is none yet. Records overwritten meanwhile are skipped (seq
 * jumps). Any context.
 */
bool printk_read(u64 *seq, struct printk_record *rec);
/* Format "<seconds since power-on>.<microseconds>" of a record into buf as "[    0.001234] ". */
int printk_stamp(const struct printk_record *rec, char *buf, size_t size);

/*
 * A record as people see it: stamp (if asked for), text, and '\n' unless the line goes on. At most
 * PRINTK_LINE bytes, no NUL; returns how many.
 */
#define PRINTK_LINE (PRINTK_TEXT + 32)
size_t printk_line(const struct printk_record *rec, bool stamp, char *buf);

/* loglevel= and quiet. Console shows records with level < console_loglevel, or all with ignore_loglevel. */
extern u64 console_loglevel;
extern bool ignore_loglevel;

/*
 * What a record is stamped with (by default the TSC), and that, or any TSC value, as nanoseconds since power-on (by
 * default always 0). Handed down by the clock. Any context.
 */
extern u64 (*printk_clock)(void);
extern u64 (*printk_cycles_to_ns)(u64 cycles);

#endif
