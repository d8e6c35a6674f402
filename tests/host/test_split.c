/*
 * The word splitter: whatever the text, every word lies inside it, ends with
 * NUL inside it, and words come in order; and words that are quoted come back as they were.
 *
 * Sources: kernel/monitor/split.c
 */
#include <tests/host/host.h>

#include <cmocka.h>
#include <kernel/monitor/split.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <lib/vsprintf.h>

#define MAX 6

/* Few different characters, so that quotes and separators meet often; in guarded memory. */
static char *random_text(size_t len)
{
	char *text = guarded_alloc(len + 1);

	for (size_t i = 0; i < len; i++)
		text[i] = "ab \t;\"'"[host_rand_below(7)];
	text[len] = '\0';
	return text;
}

static void words_lie_in_the_text(void **state)
{
	(void)state;
	host_seed("split");
	for (int i = 0; i < 100000; i++) {
		size_t len = host_rand_below(40);
		char *text = random_text(len), *rest = text;
		int commands = 0;

		while (rest) {
			char *argv[MAX], *last = text - 1;
			int argc = split_command(&rest, argv, MAX);

			assert_true(++commands <= (int)len + 1);
			assert_true(argc < MAX);
			for (int n = 0; n < argc; n++) {
				assert_true(argv[n] > last && argv[n] <= text + len);
				last = argv[n] + strlen(argv[n]);
				assert_true(last <= text + len);
			}
			if (argc >= 0)
				assert_null(argv[argc]);
			else
				assert_true(argc == -E2BIG || (argc == -EINVAL && !rest));
		}
		guarded_free(text, len + 1);
	}
}

/* Any word, quoted by the quote that it does not contain, comes back. */
static void quoted_words_come_back(void **state)
{
	(void)state;
	host_seed("split");
	for (int i = 0; i < 20000; i++) {
		char words[3][16], text[80] = "", *rest = text, *argv[MAX];
		size_t used = 0;

		for (int n = 0; n < 3; n++) {
			char quote = host_rand_below(2) ? '"' : '\'';
			size_t len = host_rand_below(sizeof(words[n]));

			for (size_t c = 0; c < len; c++)
				words[n][c] = quote == '"' ? "ab ;'"[host_rand_below(5)]
							   : "ab ;\""[host_rand_below(5)];
			words[n][len] = '\0';
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%c%s%c ", quote,
						 words[n], quote);
		}
		assert_int_equal(split_command(&rest, argv, MAX), 3);
		assert_null(rest);
		for (int n = 0; n < 3; n++)
			assert_string_equal(argv[n], words[n]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_lie_in_the_text),
		cmocka_unit_test(quoted_words_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
