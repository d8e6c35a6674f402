/* Text to numbers, strictly: the whole string must be a number. Pure; any context. */
#ifndef LIB_KSTRTOX_H
#define LIB_KSTRTOX_H

#include <lib/types.h>

/*
 * Decimal, 0x hexadecimal or 0 octal when base is 0 (else base 2-16).
 * 0; -EINVAL when it is no number or has something after it; -ERANGE when it does not fit.
 * *res is untouched on error.
 */
int kstrtou64(const char *s, unsigned int base, u64 *res);
int kstrtos64(const char *s, unsigned int base, s64 *res);
/* As kstrtou64 with base 0, then at most one of K, M, G, T (powers of 1024, either case). */
int parse_size(const char *s, u64 *res);
/* 1 0 y n yes no on off true false, either case. 0 or -EINVAL. */
int kstrtobool(const char *s, bool *res);

#endif
