/*
 * Demonstrations: `demo NAME` narrates one mechanism, step by step, from the
 * live structures. Registered beside the mechanism, like a command.
 */
#ifndef LIB_DEMO_H
#define LIB_DEMO_H

#include <lib/console.h>
#include <lib/registry.h>

struct demo {
	const char *name;
	const char *usage;
	const char *help;
	/* argv[0] is the demo's name. As a command: prints with con_printf, returns 0 or -errno. */
	int (*run)(int argc, char **argv);
};

#define DEMO(dname, dusage, dhelp, fn) \
	__DEMO(dname, dusage, dhelp, fn, CONCAT(__demo_, __COUNTER__))
#define __DEMO(dname, dusage, dhelp, fn, id) __DEMO2(dname, dusage, dhelp, fn, id)
#define __DEMO2(dname, dusage, dhelp, fn, id)                                      \
	static const struct demo id = {                                            \
		.name = (dname), .usage = (dusage), .help = (dhelp), .run = (fn)}; \
	REGISTER(demos, id)

DECLARE_REGISTRY(const struct demo, demos);

#endif
