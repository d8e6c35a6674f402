/* The monitor: the prompt, and the way from a line of text to registered commands. */
#ifndef KERNEL_MONITOR_MONITOR_H
#define KERNEL_MONITOR_MONITOR_H

#include <lib/command.h>

/*
 * Run the commands of a line ("a; b" runs both). What goes wrong is printed. Returns 0, or the
 * -errno of the last command; -ENOENT for an unknown one. One that returns -EINTR (^C) ends the line.
 */
int monitor_exec(const char *line);
/* What run= asks for: the same, without a prompt. */
void monitor_run_script(const char *script);
/* Prompt, read, run; for ever. Interrupts on. */
void monitor_main(void) __noreturn;
/* The end of start-up: run=, if given, then the prompt. */
void monitor_boot(void) __noreturn;

/* The registered command of that name, or NULL. */
const struct command *find_command(const char *name);
/* "invalid argument" for EINVAL, with its symbol in *name; any number has an answer. */
const char *errno_text(int err, const char **name);

#endif
