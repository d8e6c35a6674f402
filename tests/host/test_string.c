/*
 * Contract (lib/string.h): each function does what C says its namesake does.
 *
 * Every size up to a few words and every alignment is tried, beside an unmapped page on either side, so that a
 * byte read or written too many is a fault although the copying is done in assembly;
 * what lies around the target must not change. The model is a byte loop or libc.
 */
#include <tests/host/host.h>

#include <lib/errno.h>
#include <lib/string.h>

#define SIZES  140 /* beyond every special case of lib/string.c */
#define ALIGNS 16

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void fill_random(u8 *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (u8)host_rand();
}

/* Copy n bytes that end at a page's end to a place that ends `gap` bytes before a page's end. */
static void check_copy(void *(*copy)(void *, const void *, size_t), size_t n, size_t gap)
{
	u8 *src = guarded_alloc(n);
	u8 *dst = guarded_alloc(n + gap);
	u8 *before = dst - ((uintptr_t)dst & 15);

	fill_random(src, n);
	assert_ptr_equal(copy(dst, src, n), dst);
	assert_memory_equal(dst, src, n);
	for (u8 *p = before; p < dst; p++)
		assert_int_equal(*p, 0xa5);
	for (size_t i = 0; i < gap; i++)
		assert_int_equal(dst[n + i], 0xa5);
	guarded_free(src, n);
	guarded_free(dst, n + gap);
}

static void copies_touch_what_they_must(void **state)
{
	(void)state;
	host_seed("string");
	for (size_t n = 0; n < SIZES; n++)
		for (size_t gap = 0; gap < ALIGNS; gap++) {
			check_copy(memcpy, n, gap);
			check_copy(memmove, n, gap);
		}
	check_copy(memcpy, 100003, 5);
	check_copy(memmove, 100003, 5);
}

/* A whole page, so that the first byte read too many, before the start, faults too. */
static void copies_begin_at_a_page(void **state)
{
	u8 *page = guarded_alloc(4096);
	u8 *other = guarded_alloc(4096);

	(void)state;
	for (size_t n = 0; n < SIZES; n++) {
		fill_random(page, n);
		memcpy(other, page, n);
		assert_memory_equal(other, page, n);
		memset(other, (int)n, n);
		assert_null(memchr_inv(other, (int)n, n));
	}
	guarded_free(page, 4096);
	guarded_free(other, 4096);
}

static void memmove_of_overlapping_ranges(void **state)
{
	u8 buf[3 * SIZES], model[3 * SIZES], copy[SIZES];

	(void)state;
	for (size_t n = 0; n < SIZES; n++)
		for (size_t from = SIZES - n; from <= SIZES + n; from++) {
			fill_random(buf, sizeof(buf));
			libc_memcpy(model, buf, sizeof(buf));
			libc_memcpy(copy, model + from, n);
			libc_memcpy(model + SIZES, copy, n);
			assert_ptr_equal(memmove(buf + SIZES, buf + from, n), buf + SIZES);
			assert_memory_equal(buf, model, sizeof(buf));
		}
}

static void memset_sets_exactly_its_range(void **state)
{
	(void)state;
	for (size_t n = 0; n < SIZES; n++)
		for (size_t gap = 0; gap < ALIGNS; gap++) {
			u8 *p = guarded_alloc(n + gap);
			u8 *before = p - ((uintptr_t)p & 15);

			assert_ptr_equal(memset(p, 0x1c3, n), p); /* only the low byte counts */
			for (size_t i = 0; i < n + gap; i++)
				assert_int_equal(p[i], i < n ? 0xc3 : 0xa5);
			for (u8 *q = before; q < p; q++)
				assert_int_equal(*q, 0xa5);
			guarded_free(p, n + gap);
		}
}

static void memcmp_orders_as_bytes(void **state)
{
	(void)state;
	for (size_t n = 0; n < 40; n++) {
		u8 *a = guarded_alloc(n);
		u8 *b = guarded_alloc(n);

		for (int turn = 0; turn < 200; turn++) {
			fill_random(a, n);
			libc_memcpy(b, a, n);
			assert_int_equal(memcmp(a, b, n), 0);
			if (!n)
				continue;
			a[host_rand_below(n)] ^= (u8)(1 << host_rand_below(8));
			b[host_rand_below(n)] ^= (u8)(1 << host_rand_below(8));
			assert_int_equal(sign(memcmp(a, b, n)), sign(libc_memcmp(a, b, n)));
		}
		guarded_free(a, n);
		guarded_free(b, n);
	}
}

static void memchr_finds_the_first(void **state)
{
	(void)state;
	for (size_t n = 0; n < 40; n++) {
		u8 *p = guarded_alloc(n);

		memset(p, 7, n);
		assert_null(memchr(p, 9, n));
		assert_null(memchr_inv(p, 7, n));
		for (size_t i = n; i-- > 0;) {
			p[i] = 9; /* and so are all behind it */
			assert_ptr_equal(memchr(p, 9, n), p + i);
			assert_ptr_equal(memchr(p, 0x109, n), p + i);
			assert_ptr_equal(memchr_inv(p, 7, n), p + i);
		}
		guarded_free(p, n);
	}
}

/* A string of few different letters, whose NUL is the last byte of a page. */
static char *random_string(size_t *size)
{
	*size = host_rand_below(12) + 1;
	char *s = guarded_alloc(*size);

	for (size_t i = 0; i + 1 < *size; i++)
		s[i] = "ab\xff"[host_rand_below(3)];
	s[*size - 1] = '\0';
	return s;
}

static void strings_agree_with_libc(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t asize, bsize, n = host_rand_below(14);
		char *a = random_string(&asize), *b = random_string(&bsize);

		assert_int_equal(strlen(a), asize - 1);
		assert_int_equal(strnlen(a, n), min(asize - 1, n));
		assert_int_equal(sign(strcmp(a, b)), sign(libc_strcmp(a, b)));
		assert_int_equal(sign(strncmp(a, b, n)), sign(libc_strncmp(a, b, n)));
		assert_ptr_equal(strstr(a, b), libc_strstr(a, b));
		assert_int_equal(strspn(a, b), libc_strspn(a, b));
		assert_int_equal(strcspn(a, b), libc_strcspn(a, b));
		for (const char *c = "ab\xff"; *c; c++) {
			assert_ptr_equal(strchr(a, *c), libc_strchr(a, *c));
			assert_ptr_equal(strrchr(a, *c), libc_strrchr(a, *c));
		}
		assert_ptr_equal(strchr(a, 0), a + asize - 1);
		assert_ptr_equal(strrchr(a, 0), a + asize - 1);
		guarded_free(a, asize);
		guarded_free(b, bsize);
	}
}

static void strnlen_looks_no_further(void **state)
{
	char *p = guarded_alloc(5); /* no NUL in it */

	(void)state;
	assert_int_equal(strnlen(p, 5), 5);
	assert_int_equal(strnlen(p, 0), 0);
	assert_int_equal(strncmp(p, p, 5), 0);
	guarded_free(p, 5);
}

static void strscpy_always_ends_with_nul(void **state)
{
	(void)state;
	for (size_t size = 1; size < 12; size++)
		for (size_t n = 0; n < 12; n++) {
			char *src = guarded_alloc(n + 1);
			char *dst = guarded_alloc(size);

			memset(src, 'x', n);
			src[n] = '\0';
			ptrdiff_t ret = strscpy(dst, src, size);

			assert_int_equal(ret, n < size ? (ptrdiff_t)n : -E2BIG);
			assert_int_equal(strlen(dst), min(n, size - 1));
			assert_memory_equal(dst, src, min(n, size - 1));
			guarded_free(src, n + 1);
			guarded_free(dst, size);
		}
	assert_int_equal(strscpy(NULL, "a", 0), -E2BIG);
}

/* A source without a NUL is read no further than the target is long. */
static void strscpy_reads_no_further(void **state)
{
	char *src = guarded_alloc(4);
	char dst[4];

	(void)state;
	assert_int_equal(strscpy(dst, src, sizeof(dst)), -E2BIG);
	assert_int_equal(strlen(dst), 3);
	guarded_free(src, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_touch_what_they_must),
		cmocka_unit_test(copies_begin_at_a_page),
		cmocka_unit_test(memmove_of_overlapping_ranges),
		cmocka_unit_test(memset_sets_exactly_its_range),
		cmocka_unit_test(memcmp_orders_as_bytes),
		cmocka_unit_test(memchr_finds_the_first),
		cmocka_unit_test(strings_agree_with_libc),
		cmocka_unit_test(strnlen_looks_no_further),
		cmocka_unit_test(strscpy_always_ends_with_nul),
		cmocka_unit_test(strscpy_reads_no_further),
	};

	return cmocka_run_group_tests_name("string", tests, NULL, NULL);
}
