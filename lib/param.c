/*
 * The boot-parameter parser. The command line comes from outside: from a loader, a
 * script, a person. So every word ends in one of two ways: it sets its parameter completely, or it
 * changes nothing and is reported by name.
 *
 * Words are separated by blanks. A double quote begins or ends a stretch in which blanks are ordinary
 * characters, wherever it stands in the word; the quotes themselves are dropped. The first '='
 * ends the name. So run="a; b", "run=a; b" and run=a" ; "b are all understood.
 */
#include <lib/param.h>
#include <lib/errno.h>
#include <lib/kstrtox.h>
#include <lib/string.h>

#define NAME_MAX  48   /* longer names are cut; no parameter is called that */
#define VALUE_MAX 1024 /* longer values are refused; the NUL included */

struct word {
	char name[NAME_MAX];
	char value[VALUE_MAX];
	bool has_value; /* there was a '=' */
	bool name_cut;	/* the name is longer than that; ends in "..." */
	bool value_cut;
	bool open_quote; /* the command line ended inside a quote */
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Append c if a NUL will still fit; false when it will not. */
static bool append(char *buf, size_t size, size_t *len, char c)
{
	if (*len + 1 >= size)
		return false;
	buf[(*len)++] = c;
	return true;
}

/* Read the word at s, which is not blank; returns what is behind it. */
static const char *next_word(const char *s, struct word *word)
{
	size_t name_len = 0, value_len = 0;
	bool quoted = false;

	word->has_value = word->name_cut = word->value_cut = false;
	for (; *s && (quoted || !is_blank(*s)); s++) {
		if (*s == '"')
			quoted = !quoted;
		else if (word->has_value)
			word->value_cut |= !append(word->value, VALUE_MAX, &value_len, *s);
		else if (*s == '=')
			word->has_value = true;
		else
			word->name_cut |= !append(word->name, NAME_MAX, &name_len, *s);
	}
	word->name[name_len] = '\0';
	word->value[value_len] = '\0';
	word->open_quote = quoted;
	return s;
}

static const struct param *find_param(const char *name, const struct param *const *begin,
				      const struct param *const *end)
{
	for (; begin < end; begin++)
		if (!strcmp((*begin)->name, name))
			return *begin;
	return NULL;
}

/* ---- one setter a type: NULL when the parameter is set, else why it is not ---------------------- */

static const char *set_number(const struct param *param, const char *value)
{
	u64 number;
	int ret = parse_size(value, &number);

	if (ret == -EINVAL)
		return "not a number";
	if (ret || number < param->min || number > param->max)
		return "out of range";
	*param->to.number = number;
	return NULL;
}

static const char *set_string(const struct param *param, const char *value)
{
	size_t n = strlen(value) + 1;

	if (n > param->size)
		return "too long";
	memcpy(param->to.string, value, n);
	return NULL;
}

static const char *set_enum(const struct param *param, const char *value)
{
	for (int i = 0; param->choice[i]; i++)
		if (!strcmp(param->choice[i], value)) {
			*param->to.index = i;
			return NULL;
		}
	return "not one of its choices";
}

static const char *call(const struct param *param, const char *value)
{
	switch (param->to.call(value)) {
	case 0:
		return NULL;
	case -ERANGE:
		return "out of range";
	default:
		return "malformed";
	}
}

static const char *set_param(const struct param *param, const struct word *word)
{
	if (word->value_cut)
		return "too long";
	switch (param->type) {
	case PARAM_T_FLAG:
		return kstrtobool(word->has_value ? word->value : "1", param->to.flag)
			       ? "neither on nor off"
			       : NULL;
	case PARAM_T_CALL:
		return call(param, word->value);
	default:
		break;
	}
	if (!word->has_value)
		return "needs a value";
	switch (param->type) {
	case PARAM_T_NUMBER:
		return set_number(param, word->value);
	case PARAM_T_STRING:
		return set_string(param, word->value);
	case PARAM_T_ENUM:
		return set_enum(param, word->value);
	default:
		return "of unknown type";
	}
}

static const char *apply(const struct word *word, const struct param *const *begin,
			 const struct param *const *end)
{
	const struct param *param = find_param(word->name, begin, end);

	if (word->open_quote)
		return "unterminated quote";
	if (!word->name[0])
		return "no name before the value";
	if (!param || word->name_cut)
		return "unknown parameter";
	return set_param(param, word);
}

/* A name fit for the log: printable, and seen to be cut when it is. */
static void make_presentable(struct word *word)
{
	for (char *c = word->name; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	if (word->name_cut)
		memcpy(word->name + NAME_MAX - 4, "...", 4);
}

int parse_params(const char *cmdline, const struct param *const *begin,
		 const struct param *const *end, param_warn_t warn, void *ctx)
{
	struct word word;
	int refused = 0;

	for (;;) {
		while (is_blank(*cmdline))
			cmdline++;
		if (!*cmdline)
			return refused;
		cmdline = next_word(cmdline, &word);

		const char *why = apply(&word, begin, end);

		if (why) {
			make_presentable(&word);
			warn(ctx, word.name, why);
			refused++;
		}
	}
}
