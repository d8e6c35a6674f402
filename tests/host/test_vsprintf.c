/*
 * Contract (lib/vsprintf.h). What C defines is what the host's libc prints: random flags, widths,
 * precisions, lengths and values are formatted by both, into buffers of random size that end at an unmapped page.
 * What C does not define is checked against what the header says.
 */
#include <tests/host/host.h>

#include <lib/string.h>
#include <lib/vsprintf.h>

/*
 * Volatile, so that the compiler does not check formats against arguments: here the formats are made at run time, and an int is
 * passed as 64 bits, of which the callee takes the low half (System V ABI, 3.2.3).
 */
typedef int (*formatter)(char *buf, size_t size, const char *fmt, ...);
static const volatile formatter ours = snprintf, theirs = libc_snprintf, ours_written = scnprintf;

#define expect(text, ...)                                                                   \
	do {                                                                                \
		char _buf[256];                                                             \
		assert_int_equal(ours(_buf, sizeof(_buf), __VA_ARGS__), libc_strlen(text)); \
		assert_string_equal(_buf, text);                                            \
	} while (0)

/* ---- held against libc ---------------------------------------------------------------------------- */

#define LONGEST 512

/* The same call of both (arguments are evaluated twice): same length returned, same bytes, nothing behind the NUL. */
#define compare(size, fmt, ...)                                                           \
	do {                                                                              \
		const size_t _size = (size);                                              \
		char _want[LONGEST];                                                      \
		char *_got = guarded_alloc(_size);                                        \
		int _libc = theirs(_want, _size, fmt, __VA_ARGS__);                       \
		int _len = ours(_got, _size, fmt, __VA_ARGS__);                           \
		size_t _stored = _size ? min((size_t)_libc, _size - 1) + 1 : 0;           \
                                                                                          \
		if (_len != _libc || libc_memcmp(_got, _want, _stored))                   \
			fail_msg("\"%s\": %d \"%.*s\", but libc: %d \"%.*s\"", fmt, _len, \
				 (int)_stored, _got, _libc, (int)_stored, _want);         \
		for (size_t _i = _stored; _i < _size; _i++)                               \
			assert_int_equal((u8)_got[_i], 0xa5);                             \
		guarded_free(_got, _size);                                                \
	} while (0)

/* Numbers near the ends of every type, and others. */
static u64 random_value(void)
{
	u64 v = host_rand() >> host_rand_below(64);

	switch (host_rand_below(4)) {
	case 0:
		return 1ULL << host_rand_below(64);
	case 1:
		return (1ULL << host_rand_below(64)) - 1;
	case 2:
		return -v;
	default:
		return v;
	}
}

/* One conversion with random flags, between < and >. w is 0 for no width, p is -1 for no precision. */
static void random_spec(char *fmt, const char *conversions, const char *flags, bool lengths, int w,
			int p)
{
	static const char *const length[] = {"", "hh", "h", "l", "ll", "z", "t", "j"};
	char *end = fmt + 64;

	fmt += theirs(fmt, 64, "<%%");
	for (const char *f = flags; *f; f++)
		if (!host_rand_below(3))
			*fmt++ = *f;
	if (w)
		fmt += theirs(fmt, (size_t)(end - fmt), "%d", w);
	if (p == 0 && host_rand_below(2))
		*fmt++ = '.';
	else if (p >= 0)
		fmt += theirs(fmt, (size_t)(end - fmt), ".%d", p);
	theirs(fmt, (size_t)(end - fmt), "%s%c>", lengths ? length[host_rand_below(8)] : "",
	       conversions[host_rand_below(strlen(conversions))]);
}

static int random_precision(void)
{
	return host_rand_below(2) ? -1 : (int)host_rand_below(30);
}

static void numbers_as_libc(void **state)
{
	char fmt[64];

	(void)state;
	host_seed("vsprintf");
	for (int i = 0; i < 60000; i++) {
		u64 v = random_value();

		random_spec(fmt, "diuxXo", "-+ 0#", true, (int)host_rand_below(40),
			    random_precision());
		compare(host_rand_below(90), fmt, v);
	}
}

static void text_as_libc(void **state)
{
	char fmt[64], text[32];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t n = host_rand_below(20);
		int c = (int)host_rand_below(256), width = (int)host_rand_below(25);

		for (size_t k = 0; k < n; k++)
			text[k] = (char)(1 + host_rand_below(255));
		text[n] = '\0';
		random_spec(fmt, "s", "-", false, width, random_precision());
		compare(host_rand_below(60), fmt, text);
		random_spec(fmt, "c", "-", false, width, -1);
		compare(host_rand_below(60), fmt, c);
	}
}

static void stars_as_libc(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		int w = (int)host_rand_below(80) - 40, p = (int)host_rand_below(50) - 20;
		u64 v = random_value();

		compare(host_rand_below(90), "%*.*lld|%0*x|%.*s|%-*u%%", w, p, v, w, v, p,
			"some text", w, v);
	}
}

static void many_conversions_in_one_format(void **state)
{
	(void)state;
	for (size_t size = 0; size < 120; size++)
		compare(size, "%s: %5d%% of %#lx, %c%c%-8s|%lld %hhu %zu", "one", 42, 0xdeadUL, 'a',
			'b', "left", -5LL, 300, (size_t)7, 1, 2, 3);
}

/* ---- what C does not say ---------------------------------------------------------------------------- */

static void binary(void **state)
{
	char want[70], got[70];

	(void)state;
	expect("0", "%b", 0);
	expect("101", "%b", 5);
	expect("0b101", "%#b", 5);
	expect("0", "%#b", 0);
	expect("   101|101   |000101|0b0101", "%6b|%-6b|%06b|%#06b", 5, 5, 5, 5);
	expect("00101", "%.5b", 5);
	expect("11111111", "%hhb", 0xfff);
	for (int i = 0; i < 2000; i++) {
		u64 v = random_value();

		for (int bit = 0; bit < 64; bit++)
			want[bit] = (v << bit >> 63) ? '1' : '0';
		want[64] = '\0';
		assert_int_equal(ours(got, sizeof(got), "%064llb", v), 64);
		assert_string_equal(got, want);
	}
}

static void pointers(void **state)
{
	(void)state;
	expect("ffffffff80100000", "%p", 0xffffffff80100000UL);
	expect("0000000000000000", "%p", NULL);
	expect("  0000000000000abc|0000000000000abc  |", "%18p|%-18p|", 0xabcUL, 0xabcUL);
}

static int fake_symbol(char *buf, size_t size, unsigned long addr, bool with_offset)
{
	return theirs(buf, size, with_offset ? "name+0x%lx/0x40" : "name", addr);
}

/* A hook that returns the length that it would have liked, as snprintf does. */
static int endless_symbol(char *buf, size_t size, unsigned long addr, bool with_offset)
{
	(void)addr;
	memset(buf, 'n', size - 1);
	buf[size - 1] = '\0';
	return with_offset ? 100000 : -1;
}

static void symbols(void **state)
{
	int (*before)(char *, size_t, unsigned long, bool) = vsprintf_symbol;
	char got[512];

	(void)state;
	expect("<0x1234>", "<%pS>", 0x1234UL);
	vsprintf_symbol = fake_symbol;
	expect("<name+0x10/0x40> <name>", "<%pS> <%ps>", 0x10UL, 0x10UL);
	expect("[  name][name  ]", "[%6ps][%-6ps]", 0x10UL, 0x10UL);
	vsprintf_symbol = endless_symbol;
	assert_in_range(ours(got, sizeof(got), "%pS", 1UL), 1, 200);
	expect("[]", "[%ps]", 1UL);
	vsprintf_symbol = before;
}

static void bad_strings_are_named(void **state)
{
	(void)state;
	expect("(null)", "%s", NULL);
	expect("(nu", "%.3s", NULL);
	expect("  (null)", "%8s", NULL);
	expect("(efault)", "%s", 8UL);
	expect("(efault)", "%s", -22L);
}

/* With a precision the string needs no NUL: nothing behind is read. */
static void precision_bounds_the_reading(void **state)
{
	char *p = guarded_alloc(4), got[16];

	(void)state;
	libc_memcpy(p, "abcd", 4);
	assert_int_equal(ours(got, sizeof(got), "%.4s", p), 4);
	assert_string_equal(got, "abcd");
	guarded_free(p, 4);
}

/* A mistake is seen, and no argument is taken for what it is not. */
static void mistakes_stand_as_they_are(void **state)
{
	(void)state;
	expect("a %n %d", "a %n %d", 1, 2);
	expect("1 %f %s", "%d %f %s", 1, 2, 3);
	expect("%", "%");
	expect("100%", "%d%", 100);
	expect("%-5", "%-5");
	expect("%l", "%l");
	expect("%lld%Lf", "%%lld%%Lf");
	expect("%lls", "%lls", "text");
	expect("%-08.3y%d", "%-08.3y%d", 1);
	expect("%.-3d", "%.-3d", 1);
}

static void lengths_beyond_int_saturate(void **state)
{
	char got[8];

	(void)state;
	assert_int_equal(ours(got, sizeof(got), "%*d%*d", INT32_MAX, 1, INT32_MIN, 2), INT32_MAX);
	assert_string_equal(got, "       ");
	assert_int_equal(ours(got, sizeof(got), "%.99999999999d%s", 7, "x"), INT32_MAX);
	assert_string_equal(got, "0000000");
	assert_int_equal(ours(got, sizeof(got), "%-2147483647d.", -7), INT32_MAX);
	assert_string_equal(got, "-7     ");
	assert_int_equal(ours(got, sizeof(got), "%+.*d", INT32_MAX, 7), INT32_MAX);
	assert_string_equal(got, "+000000");
	assert_int_equal(ours_written(got, sizeof(got), "%*d", INT32_MAX, 1), 7);
}

static void scnprintf_counts_what_it_wrote(void **state)
{
	(void)state;
	for (size_t size = 0; size < 12; size++) {
		char *p = guarded_alloc(size);
		int n = scnprintf(p, size, "%d", 1234567);

		assert_int_equal(n, size ? min((size_t)7, size - 1) : 0);
		if (size)
			assert_memory_equal(p, "1234567", (size_t)n);
		guarded_free(p, size);
	}
	assert_int_equal(ours(NULL, 0, "%d", 1234567), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_as_libc),
		cmocka_unit_test(text_as_libc),
		cmocka_unit_test(stars_as_libc),
		cmocka_unit_test(many_conversions_in_one_format),
		cmocka_unit_test(binary),
		cmocka_unit_test(pointers),
		cmocka_unit_test(symbols),
		cmocka_unit_test(bad_strings_are_named),
		cmocka_unit_test(precision_bounds_the_reading),
		cmocka_unit_test(mistakes_stand_as_they_are),
		cmocka_unit_test(lengths_beyond_int_saturate),
		cmocka_unit_test(scnprintf_counts_what_it_wrote),
	};

	return cmocka_run_group_tests_name("vsprintf", tests, NULL, NULL);
}
