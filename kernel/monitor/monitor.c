/*
 * The monitor's loop: read a line, cut it into commands, run them.
 *
 * The prompt is a fixed point: PROMPT at the left edge, after all output of the command before
 * it. So whatever a command leaves behind, its line is ended first.
 */
#include <kernel/bench.h>
#include <kernel/monitor/lineedit.h>
#include <kernel/monitor/monitor.h>
#include <kernel/monitor/split.h>
#include <lib/errno.h>
#include <lib/param.h>
#include <lib/string.h>

#define PROMPT	     "teak> "
#define SCRIPT_BYTES 1024
#define MAX_WORDS    64

static char run_script[SCRIPT_BYTES];
PARAM("run", PARAM_STRING(run_script), "monitor commands to run before the prompt: \"cmd; cmd\"");

/* ---- running -------------------------------------------------------------------------------- */

const struct command *find_command(const char *name)
{
	const struct command *const *c;

	for_each_registered (commands, c)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

static void end_line(void)
{
	if (!con_at_line_start())
		con_write("\n", 1);
}

static void explain(const struct command *command, int err)
{
	const char *symbol, *text = errno_text(-err, &symbol);

	con_printf("%s: %s (-%s)\n", command->name, text, symbol);
	if (err == -EINVAL)
		con_printf("usage: %s%s%s\n", command->name, command->usage[0] ? " " : "",
			   command->usage);
}

static int run_command(int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);
	int err;

	if (!command) {
		con_printf("%s: unknown command (try help)\n", argv[0]);
		return -ENOENT;
	}
	err = command->run(argc, argv);
	end_line();
	if (err)
		explain(command, err);
	return err;
}

static int run_commands(char *text)
{
	char *argv[MAX_WORDS + 1];
	int err = 0;

	while (text && err != -EINTR) {
		int argc = split_command(&text, argv, ARRAY_SIZE(argv));

		if (argc > 0) {
			err = run_command(argc, argv);
		} else if (argc < 0) {
			con_printf(argc == -E2BIG ? "more than %d words in a command\n"
						  : "a quote is not closed\n",
				   MAX_WORDS);
			err = argc;
		}
	}
	return err;
}

int monitor_exec(const char *line)
{
	char text[SCRIPT_BYTES];

	if (strscpy(text, line, sizeof(text)) < 0) {
		con_printf("a line of commands has at most %d characters\n", SCRIPT_BYTES - 1);
		return -E2BIG;
	}
	return run_commands(text);
}

void monitor_run_script(const char *script)
{
	end_line();
	monitor_exec(script);
}

/* ---- completion ----------------------------------------------------------------------------- */

/* Where the command that line[at] belongs to begins. */
static const char *command_start(const char *line, size_t at)
{
	while (at && line[at - 1] != ';')
		at--;
	return line + at + strspn(line + at, " ");
}

static const char *nth_command(size_t i)
{
	const struct command *const *c = __start_registry_commands + i;

	return c < __stop_registry_commands ? (*c)->name : NULL;
}

static const char *nth_param(size_t i)
{
	const struct param *const *p = __start_registry_params + i;

	return p < __stop_registry_params ? (*p)->name : NULL;
}

/* Commands where a command stands; `help` also takes names of parameters. */
static const char *candidate(const char *line, size_t word, size_t i)
{
	size_t commands = (size_t)(__stop_registry_commands - __start_registry_commands);
	const char *start = command_start(line, word);

	if (start >= line + word)
		return nth_command(i);
	if (strncmp(start, "help ", 5))
		return NULL;
	if (i < commands)
		return nth_command(i);
	return i == commands ? "params" : nth_param(i - commands - 1);
}

/* ---- the prompt ----------------------------------------------------------------------------- */

static struct lineedit editor;

static const struct lineedit_ops editor_ops = {
	.write = con_write,
	.candidate = candidate,
};

static void redraw(void)
{
	lineedit_redraw(&editor);
}

/*
 * The editor runs with the console held, so that a log line (an interrupt's, another CPU's) comes
 * out between two keys, when text and terminal agree, and is followed by redraw().
 */
static enum lineedit_result feed_editor(u8 byte)
{
	enum lineedit_result result;

	con_lock();
	result = lineedit_feed(&editor, byte);
	if (result != LINE_MORE)
		con_set_line_redraw(NULL);
	con_unlock();
	return result;
}

static const char *read_line(void)
{
	enum lineedit_result result;

	con_lock();
	end_line();
	lineedit_start(&editor);
	con_set_line_redraw(redraw);
	con_unlock();
	do {
		result = feed_editor((u8)con_getc());
	} while (result == LINE_MORE);
	return editor.line;
}

void monitor_main(void)
{
	lineedit_init(&editor, &editor_ops, PROMPT);
	for (;;)
		monitor_exec(read_line());
}

void monitor_boot(void)
{
	bench_mark_prompt();
	if (run_script[0])
		monitor_run_script(run_script);
	monitor_main();
}
