/* The `demo` command: finds a registered demonstration and runs it. */
#include <lib/command.h>
#include <lib/demo.h>
#include <lib/errno.h>
#include <lib/string.h>

static int list_demos(void)
{
	const struct demo *const *d;

	for_each_registered (demos, d)
		con_printf("  %-8s %-12s %s\n", (*d)->name, (*d)->usage, (*d)->help);
	return 0;
}

static int cmd_demo(int argc, char **argv)
{
	const struct demo *const *d;

	if (argc < 2)
		return list_demos();
	for_each_registered (demos, d)
		if (strcmp((*d)->name, argv[1]) == 0)
			return (*d)->run(argc - 1, argv + 1);
	con_printf("no demo \"%s\"; these there are:\n", argv[1]);
	list_demos();
	return -ENOENT;
}
COMMAND("demo", "[NAME [ARG...]]", "watch a mechanism work, step by step", cmd_demo);
