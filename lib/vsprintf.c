/*
 * printf formatting. One pass over the format: text between conversions is
 * copied in runs; each conversion is read into a struct spec and handed to the
 * function for its kind. All of them write through struct out, which counts
 * every character and stores those that fit; so nothing else here thinks about
 * the size of the buffer, and padding to a width of two thousand million costs nothing.
 *
 * The rules are those of C17 7.21.6.1; what C leaves undefined is defined in lib/vsprintf.h.
 */
#include <lib/vsprintf.h>
#include <lib/errno.h>
#include <lib/string.h>

#define INT_MAX 0x7fffffff

struct out {
	char *buf;
	size_t room; /* characters that fit, without the NUL */
	size_t len;  /* characters there have been */
};

struct spec {
	bool left, plus, space, zero, alt; /* - + blank 0 # */
	int width;
	int precision; /* -1: none given */
	char length;   /* the modifier; 'H' is hh, 'q' is ll, 0 is none */
	char conv;
};

static int symbol_as_number(char *buf, size_t size, unsigned long addr, bool with_offset)
{
	(void)with_offset;
	return snprintf(buf, size, "0x%lx", addr);
}

int (*vsprintf_symbol)(char *buf, size_t size, unsigned long addr,
		       bool with_offset) = symbol_as_number;

static void put(struct out *out, const char *s, size_t n)
{
	if (out->len < out->room)
		memcpy(out->buf + out->len, s, min(n, out->room - out->len));
	out->len += n;
}

static void pad(struct out *out, char c, int n)
{
	if (n <= 0)
		return;
	if (out->len < out->room)
		memset(out->buf + out->len, c, min((size_t)n, out->room - out->len));
	out->len += (size_t)n;
}

/* ---- reading a conversion ---------------------------------------------------------------------- */

/* Decimal digits; stays at INT_MAX when there are too many. */
static int parse_digits(const char **fmt)
{
	int n = 0;

	for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, **fmt - '0', &n))
			n = INT_MAX;
	return n;
}

static const char *parse_flags(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-':
			spec->left = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '#':
			spec->alt = true;
			break;
		default:
			return fmt;
		}
	}
}

static const char *parse_length(const char *fmt, struct spec *spec)
{
	switch (*fmt) {
	case 'h':
	case 'l':
		spec->length = *fmt++;
		if (*fmt == spec->length) {
			spec->length = *fmt == 'h' ? 'H' : 'q';
			fmt++;
		}
		break;
	case 'z':
	case 't':
	case 'j':
		spec->length = *fmt++;
		break;
	}
	return fmt;
}

/* Read the conversion that starts behind a '%'; returns where the format goes on. conv is 0 at the format's end. */
static const char *parse_spec(const char *fmt, struct spec *spec, va_list *args)
{
	*spec = (struct spec){.precision = -1};
	fmt = parse_flags(fmt, spec);
	if (*fmt == '*') {
		fmt++;
		spec->width = va_arg(*args, int);
		if (spec->width < 0) {
			spec->left = true;
			spec->width = spec->width < -INT_MAX ? INT_MAX : -spec->width;
		}
	} else {
		spec->width = parse_digits(&fmt);
	}
	if (*fmt == '.') {
		fmt++;
		if (*fmt == '*') {
			fmt++;
			spec->precision = max(va_arg(*args, int), -1);
		} else {
			spec->precision = parse_digits(&fmt);
		}
	}
	fmt = parse_length(fmt, spec);
	spec->conv = *fmt;
	return *fmt ? fmt + 1 : fmt;
}

/* ---- text -------------------------------------------------------------------------------------- */

static void put_padded(struct out *out, const struct spec *spec, const char *s, size_t n)
{
	int blanks = n < (size_t)spec->width ? spec->width - (int)n : 0;

	if (!spec->left)
		pad(out, ' ', blanks);
	put(out, s, n);
	if (spec->left)
		pad(out, ' ', blanks);
}

/* A pointer into the first or the last page is no string, but NULL with an offset or an error number. */
static void put_string(struct out *out, const struct spec *spec, const char *s)
{
	if (!s)
		s = "(null)";
	else if ((uintptr_t)s < 4096 || (uintptr_t)s >= (uintptr_t)-4096)
		s = "(efault)";
	put_padded(out, spec, s,
		   spec->precision < 0 ? strlen(s) : strnlen(s, (size_t)spec->precision));
}

static void put_char(struct out *out, const struct spec *spec, char c)
{
	put_padded(out, spec, &c, 1);
}

static void put_symbol(struct out *out, const struct spec *spec, unsigned long addr,
		       bool with_offset)
{
	char name[128];
	int n = vsprintf_symbol(name, sizeof(name), addr, with_offset);

	put_padded(out, spec, name, (size_t)clamp(n, 0, (int)sizeof(name) - 1));
}

/* ---- numbers ------------------------------------------------------------------------------------- */

/* Digits of value, written backwards from `end`; returns the first. None for 0. */
static char *digits_before(char *end, u64 value, char conv)
{
	const char *alphabet = conv == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int shift = conv == 'b' ? 1 : conv == 'o' ? 3 : 4;

	if (conv == 'u') {
		for (; value; value /= 10)
			*--end = (char)('0' + value % 10);
		return end;
	}
	for (; value; value >>= shift)
		*--end = alphabet[value & ((1u << shift) - 1)];
	return end;
}

/*
 * In C's order: blanks, then sign or 0x, then zeros up to the precision (or the width, with flag 0),
 * then digits, then blanks when it is left-justified. conv is u, x, X, o or b.
 */
static void put_number(struct out *out, const struct spec *spec, u64 value, char conv,
		       const char *prefix)
{
	char buf[64];
	char *digit = digits_before(buf + sizeof(buf), value, conv);
	int nr_digits = (int)(buf + sizeof(buf) - digit);
	int nr_prefix = (int)strlen(prefix);
	int zeros = (spec->precision < 0 ? 1 : spec->precision) - nr_digits;

	if (conv == 'o' && spec->alt && zeros <= 0)
		zeros = 1; /* # with o: the first digit is a zero */
	if (spec->zero && !spec->left && spec->precision < 0)
		zeros = max(zeros, spec->width - nr_prefix - nr_digits);
	zeros = max(zeros, 0);

	s64 blanks = (s64)spec->width - nr_prefix - zeros - nr_digits;

	if (!spec->left)
		pad(out, ' ', (int)max(blanks, 0LL));
	put(out, prefix, (size_t)nr_prefix);
	pad(out, '0', zeros);
	put(out, digit, (size_t)nr_digits);
	if (spec->left)
		pad(out, ' ', (int)max(blanks, 0LL));
}

static s64 signed_arg(char length, va_list *args)
{
	switch (length) {
	case 'H':
		return (s8)va_arg(*args, int);
	case 'h':
		return (s16)va_arg(*args, int);
	case 'l':
	case 'q':
	case 'z':
	case 't':
	case 'j': /* all 64 bits wide here */
		return va_arg(*args, s64);
	default:
		return va_arg(*args, int);
	}
}

static u64 unsigned_arg(char length, va_list *args)
{
	s64 value = signed_arg(length, args);

	switch (length) {
	case 'H':
		return (u8)value;
	case 'h':
		return (u16)value;
	case 0:
		return (u32)value;
	default:
		return (u64)value;
	}
}

static void put_signed(struct out *out, const struct spec *spec, s64 value)
{
	const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";

	put_number(out, spec, value < 0 ? -(u64)value : (u64)value, 'u', sign);
}

static void put_unsigned(struct out *out, const struct spec *spec, u64 value)
{
	const char *prefix = "";

	if (spec->alt && value && spec->conv != 'u' && spec->conv != 'o')
		prefix = spec->conv == 'x' ? "0x" : spec->conv == 'X' ? "0X" : "0b";
	put_number(out, spec, value, spec->conv, prefix);
}

/* ---- the whole ----------------------------------------------------------------------------------- */

/* %p, %pS or %ps; returns where the format goes on. */
static const char *put_pointer(struct out *out, struct spec *spec, const char *fmt,
			       unsigned long addr)
{
	if (*fmt == 'S' || *fmt == 's') {
		put_symbol(out, spec, addr, *fmt == 'S');
		return fmt + 1;
	}
	spec->precision = 2 * sizeof(addr);
	put_number(out, spec, addr, 'x', "");
	return fmt;
}

/* Print one conversion, which starts behind the '%' at fmt; returns where the format goes on. NULL: it is none. */
static const char *put_conversion(struct out *out, const char *fmt, va_list *args)
{
	struct spec spec;

	fmt = parse_spec(fmt, &spec, args);
	switch (spec.conv) {
	case 'd':
	case 'i':
		put_signed(out, &spec, signed_arg(spec.length, args));
		return fmt;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
	case 'b':
		put_unsigned(out, &spec, unsigned_arg(spec.length, args));
		return fmt;
	}
	if (spec.length) /* there are no wide characters here */
		return NULL;
	switch (spec.conv) {
	case 'c':
		put_char(out, &spec, (char)va_arg(*args, int));
		return fmt;
	case 's':
		put_string(out, &spec, va_arg(*args, const char *));
		return fmt;
	case 'p':
		return put_pointer(out, &spec, fmt, va_arg(*args, unsigned long));
	case '%':
		put(out, "%", 1);
		return fmt;
	}
	return NULL;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out out = {.buf = buf, .room = size ? size - 1 : 0};
	va_list ap; /* a parameter of array type has no address that functions could share: a copy has */

	va_copy(ap, args);
	while (*fmt) {
		const char *percent = strchr(fmt, '%');
		size_t run = percent ? (size_t)(percent - fmt) : strlen(fmt);

		put(&out, fmt, run);
		if (!percent)
			break;
		fmt = put_conversion(&out, percent + 1, &ap);
		if (!fmt) { /* which arguments follow, nobody knows any more */
			put(&out, percent, strlen(percent));
			break;
		}
	}
	va_end(ap);
	if (size)
		buf[min(out.len, out.room)] = '\0';
	return (int)min(out.len, (size_t)INT_MAX);
}

int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(buf, size, fmt, args);

	return size ? (int)min((size_t)n, size - 1) : 0;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int n = vscnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}
