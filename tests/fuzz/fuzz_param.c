/*
 * The boot-parameter parser, on any command line: it ends, it writes to no place but the parameters, each refused
 * word is reported once with a printable name of sane length, and a number is within its range.
 *
 * Sources: lib/param.c lib/kstrtox.c
 * Options: -max_len=1500
 */
#include <tests/fuzz/fuzz.h>

#include <lib/param.h>
#include <lib/string.h>

static bool flag;
static u64 number;
static char text[8];
static int choice;
static const char *const choices[] = {"halt", "reboot", "exit", NULL};

static int call(const char *value)
{
	return strlen(value) & 1 ? -EINVAL : 0;
}

static const struct param params[] = {
	{.name = "f", .help = "", PARAM_FLAG(&flag)},
	{.name = "n", .help = "", PARAM_NUMBER(&number, 10, 5000)},
	{.name = "s", .help = "", PARAM_STRING(text)},
	{.name = "e", .help = "", PARAM_ENUM(&choice, choices)},
	{.name = "c", .help = "", PARAM_CALL(call)},
};
static const struct param *const table[] = {
	&params[0], &params[1], &params[2], &params[3], &params[4],
};

static void warn(void *ctx, const char *name, const char *why)
{
	BUG_ON(strnlen(name, 64) == 64 || !*why);
	for (; *name; name++)
		BUG_ON(*name < ' ' || *name > '~');
	++*(int *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1); /* its end is watched by AddressSanitizer */
	int warnings = 0;

	libc_memcpy(line, data, size);
	line[size] = '\0';
	number = 10;
	choice = 0;
	text[0] = '\0';

	int refused = parse_params(line, table, table + ARRAY_SIZE(table), warn, &warnings);

	BUG_ON(refused != warnings || (size_t)refused > size);
	BUG_ON(number < 10 || number > 5000);
	BUG_ON(choice < 0 || choice > 2);
	BUG_ON(strnlen(text, sizeof(text)) == sizeof(text));
	free(line);
	return 0;
}
