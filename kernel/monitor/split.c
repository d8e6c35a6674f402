/*
 * A line's commands and their words, cut in place: removing quotes only makes a
 * word shorter, so the words are written over the text that they are read from.
 */
#include <kernel/monitor/split.h>
#include <lib/errno.h>
#include <lib/string.h>

#define BLANKS " \t\r\n"

static bool ends_word(char c)
{
	return strchr(BLANKS ";", c) != NULL; /* the NUL too */
}

/* Copy what stands between quotes, from **in to *out. false: there is no second quote. */
static bool take_quoted(char **in, char **out)
{
	char quote = *(*in)++;

	while (**in && **in != quote)
		*(*out)++ = *(*in)++;
	if (!**in)
		return false;
	++*in;
	return true;
}

/* Unquote one word in place. Its end, where the caller writes the NUL; NULL: a quote is open. */
static char *take_word(char **in)
{
	char *out = *in;

	while (!ends_word(**in)) {
		if (**in != '"' && **in != '\'')
			*out++ = *(*in)++;
		else if (!take_quoted(in, &out))
			return NULL;
	}
	return out;
}

int split_command(char **rest, char **argv, int max)
{
	char *in = *rest;
	int argc = 0;
	char after;

	do {
		char *word = in += strspn(in, BLANKS);
		char *end = take_word(&in);

		if (!end) {
			*rest = NULL;
			return -EINVAL;
		}
		if (in != word) {
			if (argc < max - 1)
				argv[argc] = word;
			argc++;
		}
		after = *in; /* before the NUL goes there */
		in += after != '\0';
		*end = '\0';
	} while (after && after != ';');
	*rest = after ? in : NULL;
	if (argc >= max)
		return -E2BIG;
	argv[argc] = NULL;
	return argc;
}
