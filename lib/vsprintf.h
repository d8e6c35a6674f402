/*
 * printf formatting, written for the kernel: no locale, no floating point, no
 * allocation, never reads past what the format says, safe in any context.
 *
 * Conversions: %d %i %u %x %X %o %b (binary) %c %s %p %%.
 * Flags - + space # 0, width and precision with *, lengths hh h l ll z t j.
 *   %s   NULL is "(null)", an address in the first or the last page "(efault)"
 *   %p   an address: 16 hex digits
 *   %pS  a kernel address as symbol+0xoff/0xsize; %ps without the offset
 * Anything else, %n too, is printed as it stands, so that a mistake is seen; and so is the
 * rest of the format, because nobody knows which argument comes next.
 */
#ifndef LIB_VSPRINTF_H
#define LIB_VSPRINTF_H

#include <lib/types.h>
#include <stdarg.h>

/*
 * As in C: at most size bytes with the NUL; returns the length it would have had, INT_MAX when that is more.
 * size 0: buf may be NULL.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
/* As snprintf, but returns the number of characters really written (without the NUL). */
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vscnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);

/* How %pS names an address: writes at most size bytes, returns the length. Handed down by lib/symtab.c. */
extern int (*vsprintf_symbol)(char *buf, size_t size, unsigned long addr, bool with_offset);

#endif
