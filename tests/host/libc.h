/*
 * libc beside Teak: libc's headers, then Teak's names. After this header memcpy, snprintf and the like
 * are Teak's (see rename.h); libc's own are reached as libc_memcpy, libc_vsnprintf...:
 * a test holds the two against each other.
 */
#ifndef TESTS_HOST_LIBC_H
#define TESTS_HOST_LIBC_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *libc_memcpy(void *dst, const void *src, size_t n) __asm__("memcpy");
void *libc_memmove(void *dst, const void *src, size_t n) __asm__("memmove");
void *libc_memset(void *dst, int c, size_t n) __asm__("memset");
int libc_memcmp(const void *a, const void *b, size_t n) __asm__("memcmp");
size_t libc_strlen(const char *s) __asm__("strlen");
int libc_strcmp(const char *a, const char *b) __asm__("strcmp");
int libc_strncmp(const char *a, const char *b, size_t n) __asm__("strncmp");
char *libc_strchr(const char *s, int c) __asm__("strchr");
char *libc_strrchr(const char *s, int c) __asm__("strrchr");
char *libc_strstr(const char *hay, const char *needle) __asm__("strstr");
size_t libc_strspn(const char *s, const char *accept) __asm__("strspn");
size_t libc_strcspn(const char *s, const char *reject) __asm__("strcspn");
int libc_snprintf(char *buf, size_t size, const char *fmt, ...) __asm__("snprintf");
int libc_vsnprintf(char *buf, size_t size, const char *fmt, va_list args) __asm__("vsnprintf");

#undef __always_inline /* <lib/types.h> has its own */
#include <tests/host/rename.h>
#include <lib/types.h>

/*
 * n bytes (filled with 0xa5) whose last byte is the last of a page, with nothing mapped after it and
 * nothing mapped before the first page: touching a byte too many faults, from assembly too.
 */
void *guarded_alloc(size_t n);
void guarded_free(void *p, size_t n);

/* Pseudo-random numbers, the same in every run unless the environment says SEED=n; printed by seed(). */
u64 host_rand(void);
void host_seed(const char *test);
static inline u64 host_rand_below(u64 n)
{
	return (u64)(((unsigned __int128)host_rand() * n) >> 64);
}

/* The text of the last printk(), without its level, and how many there were. */
extern char shim_log[1024];
extern unsigned int shim_log_count;

/* Where panic() goes instead of abort() when it is not NULL. */
extern jmp_buf *shim_panic_escape;
/* True when `code` panics. */
#define panics(code)                            \
	({                                      \
		jmp_buf _escape;                \
		volatile bool _panicked = true; \
                                                \
		shim_panic_escape = &_escape;   \
		if (!setjmp(_escape)) {         \
			code;                   \
			_panicked = false;      \
		}                               \
		shim_panic_escape = NULL;       \
		_panicked;                      \
	})

#endif
