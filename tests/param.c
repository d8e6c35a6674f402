/*
 * Boot parameters: the parser and the registry that the kernel is built with.
 *
 * Contract (lib/param.h): a word sets its parameter completely or is reported by name and changes nothing. And
 * of the registry: names are unique and can be written on a command line, each has a
 * line of help, each type has what its parser needs.
 */
#include <kernel/ktest.h>
#include <lib/errno.h>
#include <lib/param.h>
#include <lib/string.h>

static bool flag;
static u64 number;
static char run[32];
static int choice;
static const char *const choices[] = {"halt", "reboot", "exit", NULL};
static const char *call_value;

static int call(const char *value)
{
	static char copy[16];

	strscpy(copy, value, sizeof(copy));
	call_value = copy;
	return strcmp(value, "bad") ? 0 : -EINVAL;
}

static const struct param test_params[] = {
	{.name = "flag", .help = "", PARAM_FLAG(&flag)},
	{.name = "number", .help = "", PARAM_NUMBER(&number, 2, MiB(1))},
	{.name = "run", .help = "", PARAM_STRING(run)},
	{.name = "choice", .help = "", PARAM_ENUM(&choice, choices)},
	{.name = "call", .help = "", PARAM_CALL(call)},
};

static char warned[256];

static void warn(void *ctx, const char *name, const char *why)
{
	char *out = ctx;
	size_t len = strlen(out);

	(void)why;
	strscpy(out + len, name, sizeof(warned) - len);
	len = strlen(out);
	strscpy(out + len, " ", sizeof(warned) - len);
}

static int parse(const char *line)
{
	const struct param *table[ARRAY_SIZE(test_params)];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		table[i] = &test_params[i];
	warned[0] = '\0';
	return parse_params(line, table, table + ARRAY_SIZE(table), warn, warned);
}

static int param_init(void)
{
	flag = false;
	number = 7;
	strscpy(run, "before", sizeof(run));
	choice = 1;
	call_value = NULL;
	return 0;
}
TEST_SUITE(param, param_init, NULL);

TEST(param, every_type_is_set)
{
	EXPECT_EQ(parse("flag number=4k run=mem choice=exit call=a=b"), 0);
	EXPECT_TRUE(flag);
	EXPECT_EQ(number, 4096ull);
	EXPECT_STREQ(run, "mem");
	EXPECT_EQ(choice, 2);
	ASSERT_NOT_NULL(call_value);
	EXPECT_STREQ(call_value, "a=b");
	EXPECT_STREQ(warned, "");
}

TEST(param, quotes_keep_blanks)
{
	EXPECT_EQ(parse("run=\"echo a; poweroff\" flag"), 0);
	EXPECT_STREQ(run, "echo a; poweroff");
	EXPECT_TRUE(flag);
	EXPECT_EQ(parse("\"run=echo b\""), 0);
	EXPECT_STREQ(run, "echo b");
}

/* Each word that is wrong is named, in order; the right ones among them still count. */
TEST(param, what_is_wrong_is_named_and_ignored)
{
	EXPECT_EQ(parse("number=1 number=x number choice=no flag=perhaps call=bad nonsense=1 \x01 "
			"run=0123456789012345678901234567890123456789 number=9 run=\"open"),
		  10);
	EXPECT_STREQ(warned, "number number number choice flag call nonsense ? run run ");
	EXPECT_EQ(number, 9ull);
	EXPECT_FALSE(flag);
	EXPECT_EQ(choice, 1);
	EXPECT_STREQ(run, "before");
}

TEST(param, registry_is_well_formed)
{
	const struct param *const *p, *const *q;

	for_each_registered (params, p) {
		const struct param *param = *p;

		EXPECT_TRUE(param->name[0] && !param->name[strcspn(param->name, " \t\n=\"")]);
		EXPECT_TRUE(param->help && param->help[0]);
		EXPECT_TRUE(param->to.flag != NULL);
		if (param->type == PARAM_T_NUMBER)
			EXPECT_LE(param->min, param->max);
		if (param->type == PARAM_T_STRING)
			EXPECT_GT(param->size, 1ul);
		if (param->type == PARAM_T_ENUM)
			EXPECT_TRUE(param->choice && param->choice[0]);
		for (q = p + 1; q < __stop_registry_params; q++)
			if (!strcmp((*q)->name, param->name))
				ktest_fail(__FILE__, __LINE__, "two parameters are called %s",
					   param->name);
	}
}
