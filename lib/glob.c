/*
 * Shell-style patterns. Only the last '*' is ever worth going back to: if the
 * text after it matched further left, a longer run for an earlier star cannot
 * find more. So two saved positions replace recursion, and the time is at most
 * length of pattern times length of string.
 */
#include <lib/glob.h>

bool glob_match(const char *pattern, const char *s)
{
	const char *star = NULL;   /* behind the last '*' of the pattern */
	const char *resume = NULL; /* where in s its run ends so far */

	while (*s) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = s;
		} else if (*pattern == '?' || *pattern == *s) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star;
			s = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
