/* Shell-style patterns, as `test=` and `bench=` take them. Pure. */
#ifndef LIB_GLOB_H
#define LIB_GLOB_H

#include <lib/types.h>

/* '*' any run, '?' any one character, the rest as it stands. The whole string must match. Linear space, no recursion. */
bool glob_match(const char *pattern, const char *s);

#endif
