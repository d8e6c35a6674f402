/*
 * Panic, and the assertions that lead there. BUG_ON and WARN_ON state an
 * invariant of ours; what comes from outside is checked and refused instead.
 */
#ifndef LIB_BUG_H
#define LIB_BUG_H

#include <lib/printk.h>

/*
 * Stop the kernel: print the message and a backtrace, run the hooks, then do
 * what panic= says. Any context. A panic inside a panic prints what it can and stops.
 */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;

/*
 * What panic() calls, handed down by the floors above. Any may be NULL.
 *   intercept: a test expects this panic: does not return if so.
 *   backtrace: print the stack of the caller.
 *   stop_others: stop the other CPUs.
 *   finish: what panic= says (halt, reboot, exit); does not return.
 */
struct panic_ops {
	void (*intercept)(const char *message);
	void (*backtrace)(void);
	void (*stop_others)(void);
	void (*finish)(void) __noreturn;
};
extern struct panic_ops panic_ops;

/*
 * From now on this CPU alone reports; another that comes here meanwhile stops for good. For a report that ends in
 * panic(), before its first line.
 */
void panic_claim(void);
/* How many panics have begun: nonzero means that locks and devices cannot be trusted any more. */
extern u32 panic_depth;
/* For panic_ops.intercept: this panic was expected, there is none. The caller then leaves with longjmp(). */
void panic_cancel(void);

/* Choose the value that the stack protector guards with. Once, at the very start, by code that never returns. */
void stack_guard_init(void);

#define BUG() panic("BUG at %s:%d: %s()", __FILE__, __LINE__, __func__)
#define BUG_ON(cond)                                                                          \
	do {                                                                                  \
		if (unlikely(cond))                                                           \
			panic("BUG at %s:%d: %s(): %s", __FILE__, __LINE__, __func__, #cond); \
	} while (0)

/* After a report of damage that was contained (a bad free, a leaked object): panics if panic_on_oops says so. */
void check_panic_on_oops(const char *what);

void warn_slow(const char *file, int line, const char *func, const char *cond);

/* Report once for each call site, with a backtrace, and go on. The value is that of the condition. */
#define WARN_ON(cond)                                                   \
	({                                                              \
		static bool _warned;                                    \
		bool _cond = (cond);                                    \
		if (unlikely(_cond) && !_warned) {                      \
			_warned = true;                                 \
			warn_slow(__FILE__, __LINE__, __func__, #cond); \
		}                                                       \
		_cond;                                                  \
	})

#endif
