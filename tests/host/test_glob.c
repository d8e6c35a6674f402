/*
 * Contract (lib/glob.h): '*' matches any run, '?' any one character, the rest
 * itself, and the whole string must match. Checked against the textbook definition by recursion.
 *
 * Sources: lib/glob.c
 */
#include <tests/host/host.h>

#include <lib/glob.h>

static void examples(void **state)
{
	(void)state;
	assert_true(glob_match("", ""));
	assert_false(glob_match("", "a"));
	assert_true(glob_match("*", ""));
	assert_true(glob_match("buddy.*", "buddy.split"));
	assert_true(glob_match("buddy.*", "buddy."));
	assert_false(glob_match("buddy.*", "buddy"));
	assert_false(glob_match("buddy", "buddy.split"));
	assert_true(glob_match("*.s?lit", "buddy.split"));
	assert_false(glob_match("?", ""));
	assert_true(glob_match("a*b*c", "a__b_bc_c"));
	assert_true(glob_match("[x]", "[x]"));
}

static bool textbook(const char *p, const char *s)
{
	if (*p == '*')
		return textbook(p + 1, s) || (*s && textbook(p, s + 1));
	if (!*p || !*s)
		return *p == *s;
	return (*p == '?' || *p == *s) && textbook(p + 1, s + 1);
}

static void random_text(char *s, const char *alphabet, size_t letters)
{
	size_t n = host_rand_below(9);

	for (size_t i = 0; i < n; i++)
		s[i] = alphabet[host_rand_below(letters)];
	s[n] = '\0';
}

/* Few letters, so that the patterns match often. */
static void agrees_with_the_definition(void **state)
{
	char pattern[16], s[16];
	int matches = 0;

	(void)state;
	host_seed("glob");
	for (int i = 0; i < 200000; i++) {
		random_text(pattern, "ab*?", 4);
		random_text(s, "ab", 2);
		matches += textbook(pattern, s);
		if (glob_match(pattern, s) != textbook(pattern, s))
			fail_msg("glob_match(\"%s\", \"%s\")", pattern, s);
	}
	assert_in_range(matches, 1000, 199000);
}

/* A matcher that recurses would need 2^30 steps for this one. */
static void many_stars_take_no_time(void **state)
{
	(void)state;
	assert_false(glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples),
		cmocka_unit_test(agrees_with_the_definition),
		cmocka_unit_test(many_stars_take_no_time),
	};

	return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
