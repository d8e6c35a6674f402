/*
 * Boot parameters: one registered table that the parser, `help params` and the
 * defaults all read, so that they cannot disagree (Linux: __setup, module_param).
 *
 *	static u64 loglevel = 7;
 *	PARAM("loglevel", PARAM_NUMBER(&loglevel, 0, 8), "messages below this level reach the console");
 *
 * A command line is words separated by blanks; a word is NAME or NAME=VALUE;
 * VALUE may be "quoted". What is unknown or malformed is reported by name and
 * ignored; it never stops the boot.
 */
#ifndef LIB_PARAM_H
#define LIB_PARAM_H

#include <lib/registry.h>
#include <lib/types.h>

enum param_type {
	PARAM_T_FLAG,	/* bool *: NAME, NAME=1/0/on/off/yes/no/y/n */
	PARAM_T_NUMBER, /* u64 *: decimal, 0x hex or 0 octal, then K, M, G or T; within [min, max] */
	PARAM_T_STRING, /* char[size]: copied; longer is malformed */
	PARAM_T_ENUM,	/* int *: index into a NULL-terminated list of names */
	PARAM_T_CALL,	/* int (*)(const char *value): value is "" when absent; 0 or -errno */
};

struct param {
	const char *name;
	const char *help;
	enum param_type type;
	union {
		bool *flag;
		u64 *number;
		char *string;
		int *index;
		int (*call)(const char *value);
	} to;
	u64 min, max;		   /* NUMBER */
	size_t size;		   /* STRING: bytes, the NUL included */
	const char *const *choice; /* ENUM */
};

#define PARAM_FLAG(ptr) .type = PARAM_T_FLAG, .to.flag = (ptr)
#define PARAM_NUMBER(ptr, lo, hi) \
	.type = PARAM_T_NUMBER, .to.number = (ptr), .min = (lo), .max = (hi)
#define PARAM_STRING(array)   .type = PARAM_T_STRING, .to.string = (array), .size = sizeof(array)
#define PARAM_ENUM(ptr, list) .type = PARAM_T_ENUM, .to.index = (ptr), .choice = (list)
#define PARAM_CALL(fn)	      .type = PARAM_T_CALL, .to.call = (fn)

#define PARAM(pname, kind, phelp)      __PARAM(pname, phelp, CONCAT(__param_, __COUNTER__), kind)
#define __PARAM(pname, phelp, id, ...) __PARAM2(pname, phelp, id, __VA_ARGS__)
#define __PARAM2(pname, phelp, id, ...)                                                 \
	static const struct param id = {.name = (pname), .help = (phelp), __VA_ARGS__}; \
	REGISTER(params, id)

DECLARE_REGISTRY(const struct param, params);

/*
 * Parse the whole command line against a table of parameters, calling
 * warn(ctx, name, why) once for each word that is refused. Pure: the kernel
 * passes its registry, the host tests and the fuzzer pass a table of their own.
 * `cmdline` is read up to its NUL and not changed. Returns how many words were refused.
 */
typedef void (*param_warn_t)(void *ctx, const char *name, const char *why);
int parse_params(const char *cmdline, const struct param *const *begin,
		 const struct param *const *end, param_warn_t warn, void *ctx);

#endif
