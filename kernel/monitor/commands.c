/* The monitor's small commands, which belong to no subsystem in particular. */
#include <kernel/time/timekeeping.h>
#include <lib/bug.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/kstrtox.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <lib/vsprintf.h>

/* How many arguments there are is all that most commands check; this puts them into one text. */
static const char *join_words(char *buf, size_t size, int argc, char **argv)
{
	size_t len = 0;

	buf[0] = '\0';
	for (int i = 1; i < argc; i++)
		len += (size_t)scnprintf(buf + len, size - len, "%s%s", i > 1 ? " " : "", argv[i]);
	return buf;
}

static int cmd_echo(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (i > 1)
			con_write(" ", 1);
		con_write(argv[i], strlen(argv[i]));
	}
	con_write("\n", 1);
	return 0;
}
COMMAND("echo", "[WORD...]", "print the words", cmd_echo);

static int cmd_uptime(int argc, char **argv __maybe_unused)
{
	u64 us;

	if (argc != 1)
		return -EINVAL;
	us = (u64)ktime_get() / 1000;
	con_printf("up %llu.%06llu s\n", us / 1000000, us % 1000000);
	return 0;
}
COMMAND("uptime", "", "time since power-on", cmd_uptime);

/* What is logged while this runs is left out, so that it ends. */
static int cmd_dmesg(int argc, char **argv)
{
	u64 seq = 0, below = LOGLEVEL_DEBUG + 1, now = printk_clock();
	struct printk_record rec;
	char line[PRINTK_LINE];

	if (argc > 2 || (argc == 2 && parse_size(argv[1], &below)))
		return -EINVAL;
	while (printk_read(&seq, &rec) && rec.cycles <= now) {
		if (con_break())
			return -EINTR;
		if (rec.level < below)
			con_write(line, printk_line(&rec, !rec.cont, line));
	}
	return 0;
}
COMMAND("dmesg", "[LEVEL]", "show the log, or what is below that level", cmd_dmesg);

static int cmd_panic(int argc, char **argv)
{
	char text[200];

	if (argc == 1)
		panic("asked for at the prompt");
	panic("%s", join_words(text, sizeof(text), argc, argv));
}
COMMAND("panic", "[WORD...]", "panic with that message", cmd_panic);
