/*
 * Memory and strings. The compiler calls memcpy, memmove, memset and memcmp on
 * its own, so these four exist in every kernel.
 *
 * The three that move bytes share one idea. Up to 32 bytes are moved as two halves that may overlap:
 * the first word and the last word cover whatever lies between, without a loop. More is moved
 * by REP MOVSQ or REP STOSQ, eight bytes an iteration, and once more the last word covers the rest. All
 * loads of a half-and-half step come before its stores, so that it is right for overlapping ranges.
 *
 * The direction flag is clear on entry and stays so (System V ABI). Intel SDM vol. 2: MOVS, STOS, REP.
 */
#include <lib/string.h>
#include <lib/errno.h>

/* Words at any address: x86 does not mind, but the compiler must know. */
typedef u16 __attribute__((aligned(1), may_alias)) any_u16;
typedef u32 __attribute__((aligned(1), may_alias)) any_u32;
typedef u64 __attribute__((aligned(1), may_alias)) any_u64;

#define WORD	   sizeof(u64)
#define EVERY_BYTE 0x0101010101010101ULL /* times a byte: that byte in each place of a word */

/*
 * Keeps the compiler from recognising a loop as, say, memmove, and putting a call of
 * memmove there: inside memmove itself that never ends. It costs no instruction.
 */
#define not_an_idiom() __asm__ __volatile__("")

static __always_inline void rep_movsq(void *dst, const void *src, size_t words)
{
	__asm__ __volatile__("rep movsq" : "+D"(dst), "+S"(src), "+c"(words)::"memory");
}

static __always_inline void rep_stosq(void *dst, u64 value, size_t words)
{
	__asm__ __volatile__("rep stosq" : "+D"(dst), "+c"(words) : "a"(value) : "memory");
}

/* The `n` bytes are the first sizeof(type) and the last sizeof(type) of them: sizeof(type) <= n <= twice that. */
#define COPY_BOTH_ENDS(type, dst, src, n)                                 \
	do {                                                              \
		type _first = *(const type *)(src);                       \
		type _last = *(const type *)((src) + (n) - sizeof(type)); \
		*(type *)(dst) = _first;                                  \
		*(type *)((dst) + (n) - sizeof(type)) = _last;            \
	} while (0)

/* n <= 32; the ranges may overlap. */
static __always_inline void copy_small(char *dst, const char *src, size_t n)
{
	if (n > 2 * WORD) {
		u64 a = *(const any_u64 *)src;
		u64 b = *(const any_u64 *)(src + WORD);
		u64 c = *(const any_u64 *)(src + n - 2 * WORD);
		u64 d = *(const any_u64 *)(src + n - WORD);

		*(any_u64 *)dst = a;
		*(any_u64 *)(dst + WORD) = b;
		*(any_u64 *)(dst + n - 2 * WORD) = c;
		*(any_u64 *)(dst + n - WORD) = d;
	} else if (n >= 8) {
		COPY_BOTH_ENDS(any_u64, dst, src, n);
	} else if (n >= 4) {
		COPY_BOTH_ENDS(any_u32, dst, src, n);
	} else if (n >= 2) {
		COPY_BOTH_ENDS(any_u16, dst, src, n);
	} else if (n) {
		*dst = *src;
	}
}

/* n > 8; right when the ranges do not overlap or dst lies below src. */
static __always_inline void copy_forward(char *dst, const char *src, size_t n)
{
	u64 last = *(const any_u64 *)(src + n - WORD);

	rep_movsq(dst, src, (n - 1) / WORD);
	*(any_u64 *)(dst + n - WORD) = last;
}

/* n > 8; right when dst lies above src. STD; REP MOVSQ would do, but is slow and leaves DF set for an NMI. */
static void copy_backward(char *dst, const char *src, size_t n)
{
	u64 first = *(const any_u64 *)src;

	for (; n > WORD; n -= WORD) {
		*(any_u64 *)(dst + n - WORD) = *(const any_u64 *)(src + n - WORD);
		not_an_idiom();
	}
	*(any_u64 *)dst = first;
}

void *memcpy(void *dst, const void *src, size_t n)
{
	if (n <= 4 * WORD)
		copy_small(dst, src, n);
	else
		copy_forward(dst, src, n);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	if (n <= 4 * WORD)
		copy_small(dst, src, n);
	else if ((uintptr_t)dst - (uintptr_t)src >=
		 n) /* wraps to something huge when dst is below src */
		copy_forward(dst, src, n);
	else
		copy_backward(dst, src, n);
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	u64 word = (u8)c * EVERY_BYTE;
	char *p = dst;

	if (n > 2 * WORD) {
		*(any_u64 *)(p + n - WORD) = word;
		rep_stosq(p, word, (n - 1) / WORD);
	} else if (n >= 8) {
		*(any_u64 *)p = word;
		*(any_u64 *)(p + n - 8) = word;
	} else if (n >= 4) {
		*(any_u32 *)p = (u32)word;
		*(any_u32 *)(p + n - 4) = (u32)word;
	} else if (n) {
		p[0] = (char)c;
		p[n / 2] = (char)c;
		p[n - 1] = (char)c;
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;

	for (; n >= WORD; n -= WORD, p += WORD, q += WORD) {
		u64 x = *(const any_u64 *)p;
		u64 y = *(const any_u64 *)q;

		if (x !=
		    y) /* in memory order the lowest byte comes first, in a number it counts least */
			return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
	}
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	for (const u8 *p = s; n; n--, p++)
		if (*p == (u8)c)
			return (void *)(uintptr_t)p;
	return NULL;
}

void *memchr_inv(const void *s, int c, size_t n)
{
	const u64 word = (u8)c * EVERY_BYTE;
	const u8 *p = s;

	while (n >= WORD && *(const any_u64 *)p == word) {
		p += WORD;
		n -= WORD;
	}
	for (; n; n--, p++)
		if (*p != (u8)c)
			return (void *)(uintptr_t)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p) {
		p++;
		not_an_idiom();
	}
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (!*a || *a != *b)
			return (u8)*a - (u8)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	do {
		if (*s == (char)c)
			last = s;
	} while (*s++);
	return (char *)(uintptr_t)last;
}

char *strstr(const char *hay, const char *needle)
{
	size_t n = strlen(needle);

	if (!n)
		return (char *)(uintptr_t)hay;
	for (; (hay = strchr(hay, *needle)); hay++)
		if (!strncmp(hay, needle, n))
			return (char *)(uintptr_t)hay;
	return NULL;
}

size_t strspn(const char *s, const char *accept)
{
	size_t n = 0;

	while (s[n] && strchr(accept, s[n]))
		n++;
	return n;
}

size_t strcspn(const char *s, const char *reject)
{
	size_t n = 0;

	while (s[n] && !strchr(reject, s[n]))
		n++;
	return n;
}

ptrdiff_t strscpy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size);

	if (!size)
		return -E2BIG;
	if (n < size) {
		memcpy(dst, src, n + 1);
		return (ptrdiff_t)n;
	}
	memcpy(dst, src, size - 1);
	dst[size - 1] = '\0';
	return -E2BIG;
}
