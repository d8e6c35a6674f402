/* Text to numbers. The whole syntax is checked before the range, so -ERANGE always means "a number, but too big". */
#include <lib/kstrtox.h>
#include <lib/errno.h>
#include <lib/string.h>

/* Value of a digit in any base up to 36; 36 when it is none. */
static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	c |= 0x20; /* to lower case */
	if (c >= 'a' && c <= 'z')
		return (unsigned int)(c - 'a') + 10;
	return 36;
}

/*
 * Read as many digits as there are and set *end behind them. 0, -EINVAL when there is none (or no
 * such base), -ERANGE when they are too many for 64 bits.
 */
static int parse_integer(const char *s, unsigned int base, u64 *res, const char **end)
{
	bool hex_prefix = s[0] == '0' && (s[1] | 0x20) == 'x' && digit_value(s[2]) < 16;
	bool overflow = false;
	u64 value = 0;

	if (base == 0)
		base = hex_prefix ? 16 : s[0] == '0' ? 8 : 10;
	if (base < 2 || base > 16)
		return -EINVAL;
	if (base == 16 && hex_prefix)
		s += 2;
	if (digit_value(*s) >= base)
		return -EINVAL;
	for (; digit_value(*s) < base; s++) {
		overflow |= __builtin_mul_overflow(value, base, &value);
		overflow |= __builtin_add_overflow(value, digit_value(*s), &value);
	}
	*end = s;
	*res = value;
	return overflow ? -ERANGE : 0;
}

int kstrtou64(const char *s, unsigned int base, u64 *res)
{
	const char *end;
	u64 value;
	int ret = parse_integer(s, base, &value, &end);

	if (ret == -EINVAL || *end)
		return -EINVAL;
	if (!ret)
		*res = value;
	return ret;
}

int kstrtos64(const char *s, unsigned int base, s64 *res)
{
	bool negative = *s == '-';
	u64 magnitude;
	int ret = kstrtou64(s + negative, base, &magnitude);

	if (ret)
		return ret;
	if (magnitude > (u64)INT64_MAX + negative)
		return -ERANGE;
	*res = negative ? (s64)-magnitude : (s64)magnitude;
	return 0;
}

int parse_size(const char *s, u64 *res)
{
	static const char units[] = "kmgt";
	unsigned int shift = 0;
	const char *end;
	u64 value;
	int ret = parse_integer(s, 0, &value, &end);

	if (ret == -EINVAL)
		return ret;
	if (*end) {
		const char *unit = strchr(units, *end | 0x20);

		if (!unit || end[1])
			return -EINVAL;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (ret || value > UINT64_MAX >> shift)
		return -ERANGE;
	*res = value << shift;
	return 0;
}

static bool equal_ignoring_case(const char *s, const char *lower)
{
	for (; *s && *lower; s++, lower++)
		if (*s != *lower && !(*s >= 'A' && *s <= 'Z' && (*s | 0x20) == *lower))
			return false;
	return *s == *lower;
}

int kstrtobool(const char *s, bool *res)
{
	static const char *const words[][2] = {
		{"0", "1"}, {"n", "y"}, {"no", "yes"}, {"off", "on"}, {"false", "true"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		for (int value = 0; value < 2; value++)
			if (equal_ignoring_case(s, words[i][value])) {
				*res = value;
				return 0;
			}
	return -EINVAL;
}
