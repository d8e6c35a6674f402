/*
 * What kernel sources expect of the floor below and a host program lacks: the
 * log, panic, and sight for AddressSanitizer into our memory functions.
 */
#include <tests/host/libc.h>

#include <lib/bug.h>
#include <lib/string.h>
#include <lib/vsprintf.h>

#include <unistd.h>

u64 console_loglevel = LOGLEVEL_WARNING;
struct panic_ops panic_ops;
u32 panic_depth;

char shim_log[1024];
unsigned int shim_log_count;
jmp_buf *shim_panic_escape;

/* Quiet, so that TAP stays readable and a fuzzer fast; SHIM_LOG=1 in the environment shows the log. */
int vprintk(const char *fmt, va_list args)
{
	static int show = -1;

	if (show < 0)
		show = getenv("SHIM_LOG") != NULL;
	if (fmt[0] == '\001' && fmt[1])
		fmt += 2;
	shim_log_count++;
	int len = vscnprintf(shim_log, sizeof(shim_log), fmt, args);

	if (show)
		fprintf(stderr, "# %s%s", shim_log, len && shim_log[len - 1] == '\n' ? "" : "\n");
	return len;
}

int printk(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int len = vprintk(fmt, args);
	va_end(args);
	return len;
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintk(fmt, args);
	va_end(args);
	if (shim_panic_escape)
		longjmp(*shim_panic_escape, 1);
	fprintf(stderr, "panic: %s\n", shim_log);
	abort();
}

/* Damage that the code under test contains: tests count the reports. */
void check_panic_on_oops(const char *what)
{
	(void)what;
}

/* A warning is a broken invariant: where nobody reads the log, it has to stop the program. */
void warn_slow(const char *file, int line, const char *func, const char *cond)
{
	panic("WARNING at %s:%d: %s(): %s", file, line, func, cond);
}

/* ---- AddressSanitizer and assembly ---------------------------------------------------------- */

/* What the compiler calls before an access of n bytes, for us to call too. Their type is GCC's own. */
void __asan_loadN(void *p, long n);
void __asan_storeN(void *p, long n);

void *__real_teak_memcpy(void *dst, const void *src, size_t n);
void *__real_teak_memmove(void *dst, const void *src, size_t n);
void *__real_teak_memset(void *dst, int c, size_t n);
void *__wrap_teak_memcpy(void *dst, const void *src, size_t n);
void *__wrap_teak_memmove(void *dst, const void *src, size_t n);
void *__wrap_teak_memset(void *dst, int c, size_t n);

static void check_read(const void *p, size_t n)
{
	if (n)
		__asan_loadN((void *)(uintptr_t)p, (long)n);
}

static void check_write(void *p, size_t n)
{
	if (n)
		__asan_storeN(p, (long)n);
}

void *__wrap_teak_memcpy(void *dst, const void *src, size_t n)
{
	BUG_ON(dst != src && ranges_overlap((uintptr_t)dst, n, (uintptr_t)src, n));
	check_read(src, n);
	check_write(dst, n);
	return __real_teak_memcpy(dst, src, n);
}

void *__wrap_teak_memmove(void *dst, const void *src, size_t n)
{
	check_read(src, n);
	check_write(dst, n);
	return __real_teak_memmove(dst, src, n);
}

void *__wrap_teak_memset(void *dst, int c, size_t n)
{
	check_write(dst, n);
	return __real_teak_memset(dst, c, n);
}

/* ---- for the tests ---------------------------------------------------------------------------- */

static size_t guarded_span(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return ALIGN(n, page);
}

void *guarded_alloc(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t span = guarded_span(n);
	u8 *base = mmap(NULL, span + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED || (span && mprotect(base + page, span, PROT_READ | PROT_WRITE)))
		abort();
	libc_memset(base + page, 0xa5, span);
	return base + page + span - n;
}

void guarded_free(void *p, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t span = guarded_span(n);

	munmap((u8 *)p + n - span - page, span + 2 * page);
}

static u64 rand_state = 1;

/* SplitMix64: any seed is a good seed. */
u64 host_rand(void)
{
	u64 z = rand_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void host_seed(const char *test)
{
	const char *seed = getenv("SEED");

	rand_state = seed ? strtoull(seed, NULL, 0) : 1;
	printf("# %s: SEED=%llu\n", test, rand_state);
}
