/*
 * Monitor commands, registered beside the subsystem that they show.
 *
 *	static int cmd_uptime(int argc, char **argv) { con_printf("..."); return 0; }
 *	COMMAND("uptime", "", "time since power-on", cmd_uptime);
 *
 * argv[0] is the command's name. A command prints with con_printf(), runs in
 * the monitor's context with interrupts on (may sleep once threads exist), and returns 0 or -errno; on
 * -EINVAL the monitor prints the usage line. A long loop asks con_break() and stops when it is true (^C).
 */
#ifndef LIB_COMMAND_H
#define LIB_COMMAND_H

#include <lib/console.h>
#include <lib/registry.h>

struct command {
	const char *name;
	const char *usage; /* the arguments, e.g. "ADDR [N]"; "" for none */
	const char *help;  /* one line, lower case, no full stop */
	int (*run)(int argc, char **argv);
};

#define COMMAND(cname, cusage, chelp, fn) \
	__COMMAND(cname, cusage, chelp, fn, CONCAT(__command_, __COUNTER__))
#define __COMMAND(cname, cusage, chelp, fn, id) __COMMAND2(cname, cusage, chelp, fn, id)
#define __COMMAND2(cname, cusage, chelp, fn, id)                                   \
	static const struct command id = {                                         \
		.name = (cname), .usage = (cusage), .help = (chelp), .run = (fn)}; \
	REGISTER(commands, id)

DECLARE_REGISTRY(const struct command, commands);

#endif
