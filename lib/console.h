/*
 * The console: everything a person sees and types. Drivers register a struct
 * console each; lines of the log and output of commands go to all of them, one
 * writer at a time; typed bytes of all of them meet in one queue.
 *
 * Input is one language whatever the device: ASCII and the VT100 sequences a
 * terminal sends (the keyboard driver makes the same ones).
 */
#ifndef LIB_CONSOLE_H
#define LIB_CONSOLE_H

#include <lib/types.h>
#include <stdarg.h>

struct console {
	const char *name;
	/*
	 * Write n bytes; '\n' means new line (a serial driver adds '\r'). May be
	 * called in any context, NMI included, never by two CPUs at once. No locks.
	 */
	void (*write)(struct console *con, const char *s, size_t n);
	/* Take one typed byte from the device if there is one, else -1. NULL: no input. Any context. */
	int (*poll)(struct console *con);
	/* true once the device's interrupt feeds con_input(): it need not be polled any more. */
	bool irq_driven;
	struct console *next;
};

/* Add a console (boot, one CPU): the log so far is replayed on it at once. */
void register_console(struct console *con);
/* Every registered console, in order of registration. */
struct console *first_console(void);

/*
 * Output of a command: not kept in the log. Any context but NMI; spins while another CPU writes. One
 * call is shown in one piece, and cut at CON_PRINTF_MAX bytes: con_write() has no limit.
 */
#define CON_PRINTF_MAX 1024
int con_printf(const char *fmt, ...) __printf(1, 2);
int con_vprintf(const char *fmt, va_list args) __printf(1, 0);
void con_write(const char *s, size_t n);
/* False while the last line written has not ended. */
bool con_at_line_start(void);

/*
 * Take the console for this CPU / give it back, printing what the log gained
 * meanwhile. Nests on the same CPU. con_trylock() never spins (NMI-safe).
 */
void con_lock(void);
bool con_trylock(void);
void con_unlock(void);
/* This CPU holds the console. */
bool con_held(void);
/* In a panic: take the console from whoever holds it, for good. */
void con_bust_lock(void);

/* A typed byte arrived (interrupt context, any CPU). When the queue is full it is dropped and counted. */
void con_input(u8 byte);
/* Next typed byte, or -1 when there is none; polls devices that have no interrupt. */
int con_getc_nonblock(void);
/* Next typed byte; waits with `idle` (HLT or pause) between looks. */
int con_getc(void);
/*
 * True when a ^C waits in the queue, unread; takes it and all that was typed before it. (A ^C that
 * con_getc() has returned is the caller's business.)
 */
bool con_break(void);
/* True when con_getc_nonblock() would find a byte in the queue. Any context, interrupts off: what decides whether to halt. */
bool con_input_pending(void);
/* Bytes dropped since boot because the input queue was full. */
u64 con_input_dropped(void);
/* How con_getc() waits; handed down at start-up, default: cpu_relax(). Called with interrupts on; must return after at most one interrupt. */
extern void (*con_idle)(void);
/* Called for each byte of input, in the context that brought it: its reader may be halted on another CPU. NULL: nobody is. */
extern void (*con_wake)(void);

/*
 * The line being edited, if any: `redraw` is called (console held) after log
 * lines were printed over it, so that the prompt and the text come back. NULL: none.
 */
void con_set_line_redraw(void (*redraw)(void));

#endif
