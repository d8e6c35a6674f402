/*
 * Contract (lib/param.h): each word of a command line either sets its parameter completely, or changes
 * nothing and is reported once by name; nothing stops the parser; the number of reports is returned.
 *
 * Sources: lib/param.c lib/kstrtox.c
 */
#include <tests/host/host.h>

#include <lib/param.h>
#include <lib/string.h>

static bool quiet;
static u64 loglevel;
static char run[16];
static int mode;
static char called[1024];
static int call_result;

static int record_call(const char *value)
{
	strscpy(called, value, sizeof(called));
	return call_result;
}

static const char *const modes[] = {"halt", "reboot", "exit", NULL};
static const struct param params[] = {
	{.name = "quiet", .help = "", PARAM_FLAG(&quiet)},
	{.name = "loglevel", .help = "", PARAM_NUMBER(&loglevel, 1, 8192)},
	{.name = "run", .help = "", PARAM_STRING(run)},
	{.name = "panic", .help = "", PARAM_ENUM(&mode, modes)},
	{.name = "call", .help = "", PARAM_CALL(record_call)},
};
static const struct param *table[ARRAY_SIZE(params)];

/* What was reported, as "name:why;" for each word. */
static char warned[8192];
static size_t warned_len;

static void warn(void *ctx, const char *name, const char *why)
{
	assert_ptr_equal(ctx, &warned);
	warned_len += (size_t)libc_snprintf(warned + warned_len, sizeof(warned) - warned_len,
					    "%s:%s;", name, why);
	assert_in_range(warned_len, 1, sizeof(warned) - 1);
}

/* The line lies at the end of a page: nothing behind its NUL may be read. */
static int parse(const char *line)
{
	size_t size = libc_strlen(line) + 1;
	char *copy = guarded_alloc(size);

	for (size_t i = 0; i < ARRAY_SIZE(params); i++)
		table[i] = &params[i];
	warned[0] = '\0';
	warned_len = 0;
	libc_memcpy(copy, line, size);
	int refused = parse_params(copy, table, table + ARRAY_SIZE(params), warn, &warned);

	assert_memory_equal(copy, line, size);
	guarded_free(copy, size);
	return refused;
}

static int reset(void **state)
{
	(void)state;
	quiet = false;
	loglevel = 7;
	strscpy(run, "before", sizeof(run));
	mode = 1;
	strscpy(called, "never", sizeof(called));
	call_result = 0;
	return 0;
}

static void assert_unchanged(void)
{
	assert_false(quiet);
	assert_int_equal(loglevel, 7);
	assert_string_equal(run, "before");
	assert_int_equal(mode, 1);
	assert_string_equal(called, "never");
}

static void every_type_is_set(void **state)
{
	(void)state;
	assert_int_equal(parse("quiet loglevel=4k\trun=mem  panic=exit call=a=b"), 0);
	assert_true(quiet);
	assert_int_equal(loglevel, 4096);
	assert_string_equal(run, "mem");
	assert_int_equal(mode, 2);
	assert_string_equal(called, "a=b");
	assert_string_equal(warned, "");
}

static void empty_lines(void **state)
{
	(void)state;
	assert_int_equal(parse(""), 0);
	assert_int_equal(parse(" \t\n "), 0);
	assert_unchanged();
}

static void quotes_keep_blanks(void **state)
{
	static const char *const same[] = {"run=\"a; b\" quiet", "\"run=a; b\" quiet",
					   "run=a\"; \"b quiet", " \"run\"=\"a; b\"\"\" quiet"};

	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		reset(state);
		assert_int_equal(parse(same[i]), 0);
		assert_string_equal(run, "a; b");
		assert_true(quiet);
	}
	assert_int_equal(parse("run=\"x=1 y=2\""), 0);
	assert_string_equal(run, "x=1 y=2");
	assert_int_equal(parse("run=\"\""), 0);
	assert_string_equal(run, "");
}

static void unterminated_quote(void **state)
{
	(void)state;
	assert_int_equal(parse("run=\"a; b"), 1);
	assert_string_equal(warned, "run:unterminated quote;");
	assert_int_equal(parse("quiet\""), 1);
	assert_int_equal(parse("\""), 1);
	assert_unchanged();
}

static void flags(void **state)
{
	(void)state;
	assert_int_equal(parse("quiet=on"), 0);
	assert_true(quiet);
	assert_int_equal(parse("quiet=no"), 0);
	assert_false(quiet);
	assert_int_equal(parse("quiet=maybe quiet="), 2);
	assert_unchanged();
}

static void numbers(void **state)
{
	(void)state;
	assert_int_equal(parse("loglevel=0 loglevel=8193 loglevel=99999999999999999999"), 3);
	assert_string_equal(warned,
			    "loglevel:out of range;loglevel:out of range;loglevel:out of range;");
	assert_int_equal(parse("loglevel=x loglevel= loglevel"), 3);
	assert_string_equal(warned,
			    "loglevel:not a number;loglevel:not a number;loglevel:needs a value;");
	assert_unchanged();
	assert_int_equal(parse("loglevel=1 loglevel=0x2000"), 0); /* the last one wins */
	assert_int_equal(loglevel, 8192);
}

static void strings(void **state)
{
	(void)state;
	assert_int_equal(parse("run=0123456789abcde"), 0);
	assert_string_equal(run, "0123456789abcde");
	assert_int_equal(parse("run=0123456789abcdef run"), 2);
	assert_string_equal(warned, "run:too long;run:needs a value;");
	assert_string_equal(run, "0123456789abcde");
}

static void choices(void **state)
{
	(void)state;
	assert_int_equal(parse("panic=hal panic=haltx panic= panic"), 4);
	assert_unchanged();
	assert_int_equal(parse("panic=halt"), 0);
	assert_int_equal(mode, 0);
}

static void calls(void **state)
{
	(void)state;
	assert_int_equal(parse("call"), 0);
	assert_string_equal(called, "");
	call_result = -EINVAL;
	assert_int_equal(parse("call=x"), 1);
	assert_string_equal(warned, "call:malformed;");
	call_result = -ERANGE;
	assert_int_equal(parse("call=x"), 1);
	assert_string_equal(warned, "call:out of range;");
}

static void unknown_words_are_named(void **state)
{
	(void)state;
	assert_int_equal(parse("quie quiett=1 QUIET =5 BOOT_IMAGE=/teak"), 5);
	assert_string_equal(
		warned, "quie:unknown parameter;quiett:unknown parameter;QUIET:unknown parameter;"
			":no name before the value;BOOT_IMAGE:unknown parameter;");
	assert_unchanged();
}

static void names_are_presentable(void **state)
{
	char line[3001];

	(void)state;
	assert_int_equal(parse("\x1b[2Jx\x7f\xc3\xa4=1"), 1);
	assert_string_equal(warned, "?[2Jx???:unknown parameter;");

	memset(line, 'n', 3000);
	line[3000] = '\0';
	assert_int_equal(parse(line), 1);
	assert_in_range(warned_len, 20, 80);
	assert_non_null(strstr(warned, "nnn...:unknown"));
}

/* A name that is longer than what the parser keeps is not the parameter that it begins with. */
static void a_cut_name_matches_nothing(void **state)
{
	static bool flag;
	static const struct param longest = {
		.name = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn", PARAM_FLAG(&flag)};
	const struct param *one = &longest;
	char line[64];

	(void)state;
	warned_len = 0;
	assert_int_equal(parse_params(longest.name, &one, &one + 1, warn, &warned), 0);
	assert_true(flag);
	libc_snprintf(line, sizeof(line), "%sn=0", longest.name);
	assert_int_equal(parse_params(line, &one, &one + 1, warn, &warned), 1);
	assert_true(flag);
}

/* Longer than any buffer of the parser: refused, not cut. */
static void huge_values_are_refused(void **state)
{
	static char line[5000];

	(void)state;
	for (size_t n = 1000; n < 1050; n++) {
		libc_memcpy(line, "call=", 5);
		memset(line + 5, 'v', n);
		line[5 + n] = '\0';
		strscpy(called, "never", sizeof(called));
		if (parse(line))
			assert_string_equal(called, "never");
		else
			assert_int_equal(libc_strlen(called), n);
	}
	memset(line + 5, 'v', 4000);
	assert_int_equal(parse(line), 1);
	assert_string_equal(warned, "call:too long;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_type_is_set, reset),
		cmocka_unit_test_setup(empty_lines, reset),
		cmocka_unit_test_setup(quotes_keep_blanks, reset),
		cmocka_unit_test_setup(unterminated_quote, reset),
		cmocka_unit_test_setup(flags, reset),
		cmocka_unit_test_setup(numbers, reset),
		cmocka_unit_test_setup(strings, reset),
		cmocka_unit_test_setup(choices, reset),
		cmocka_unit_test_setup(calls, reset),
		cmocka_unit_test_setup(unknown_words_are_named, reset),
		cmocka_unit_test_setup(names_are_presentable, reset),
		cmocka_unit_test_setup(a_cut_name_matches_nothing, reset),
		cmocka_unit_test_setup(huge_values_are_refused, reset),
	};

	return cmocka_run_group_tests_name("param", tests, NULL, NULL);
}
