/*
 * `help`: commands and boot parameters, straight from their registries. They
 * lie there in link order; people get them by name.
 */
#include <kernel/monitor/monitor.h>
#include <lib/errno.h>
#include <lib/param.h>
#include <lib/string.h>
#include <lib/vsprintf.h>

/* The command with the least name greater than `name`; "" begins. NULL: no more. */
static const struct command *command_after(const char *name)
{
	const struct command *const *c, *next = NULL;

	for_each_registered (commands, c)
		if (strcmp((*c)->name, name) > 0 && (!next || strcmp((*c)->name, next->name) < 0))
			next = *c;
	return next;
}

static const struct param *param_after(const char *name)
{
	const struct param *const *p, *next = NULL;

	for_each_registered (params, p)
		if (strcmp((*p)->name, name) > 0 && (!next || strcmp((*p)->name, next->name) < 0))
			next = *p;
	return next;
}

static void show_command(const struct command *command)
{
	char left[80];

	snprintf(left, sizeof(left), "%s %s", command->name, command->usage);
	con_printf("  %-27s %s\n", left, command->help);
}

static int show_commands(void)
{
	const struct command *c;

	for (c = command_after(""); c; c = command_after(c->name)) {
		if (con_break())
			return -EINTR;
		show_command(c);
	}
	con_printf("  \"help NAME\" explains one, \"help params\" lists the boot parameters\n");
	return 0;
}

static void show_value(const struct param *param)
{
	switch (param->type) {
	case PARAM_T_FLAG:
		con_printf("%s (flag)", *param->to.flag ? "on" : "off");
		break;
	case PARAM_T_NUMBER:
		con_printf("%llu (number, %llu to %llu)", *param->to.number, param->min,
			   param->max);
		break;
	case PARAM_T_STRING:
		con_write("\"", 1);
		con_write(param->to.string, strnlen(param->to.string, param->size));
		con_printf("\" (text, at most %zu)", param->size - 1);
		break;
	case PARAM_T_ENUM:
		con_printf("%s (one of", param->choice[*param->to.index]);
		for (const char *const *choice = param->choice; *choice; choice++)
			con_printf(" %s", *choice);
		con_write(")", 1);
		break;
	case PARAM_T_CALL:
		con_printf("(takes effect when read)");
		break;
	}
}

static void show_param(const struct param *param)
{
	con_printf("  %s = ", param->name);
	show_value(param);
	con_printf("\n      %s\n", param->help);
}

static int show_params(void)
{
	const struct param *p;

	for (p = param_after(""); p; p = param_after(p->name)) {
		if (con_break())
			return -EINTR;
		show_param(p);
	}
	return 0;
}

/* A name may be a command's and a parameter's: `test` is both. */
static int show_named(const char *name)
{
	const struct command *command = find_command(name);
	const struct param *const *p;
	int err = command ? 0 : -ENOENT;

	if (command)
		con_printf("%s%s%s: %s\n", name, command->usage[0] ? " " : "", command->usage,
			   command->help);
	for_each_registered (params, p) {
		if (strcmp((*p)->name, name))
			continue;
		con_printf("boot parameter:\n");
		show_param(*p);
		err = 0;
	}
	return err;
}

static int cmd_help(int argc, char **argv)
{
	if (argc > 2)
		return -EINVAL;
	if (argc == 1)
		return show_commands();
	return strcmp(argv[1], "params") ? show_named(argv[1]) : show_params();
}
COMMAND("help", "[NAME|params]", "list commands or boot parameters", cmd_help);
