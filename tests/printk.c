/*
 * The log and the console around it, on the machine. Contract: lib/printk.h, lib/console.h.
 * tests/host/test_printk.c has what needs several writers at once.
 */
#include <arch/traps.h>
#include <kernel/ktest.h>
#include <lib/console.h>
#include <lib/printk.h>
#include <lib/string.h>

/* What reaches the console here is known, whatever loglevel= says. */
static u64 saved_loglevel;
static bool saved_ignore;

static int known_loglevel(void)
{
	saved_loglevel = console_loglevel;
	saved_ignore = ignore_loglevel;
	console_loglevel = LOGLEVEL_WARNING + 1;
	ignore_loglevel = false;
	return 0;
}

static void former_loglevel(void)
{
	console_loglevel = saved_loglevel;
	ignore_loglevel = saved_ignore;
}
TEST_SUITE(printk, known_loglevel, former_loglevel);

/* Where the log ends now. */
static u64 log_end(void)
{
	struct printk_record rec;
	u64 seq = 0;

	while (printk_read(&seq, &rec))
		;
	return seq;
}

static bool text_is(const struct printk_record *rec, const char *text)
{
	return rec->len == strlen(text) && !memcmp(rec->text, text, rec->len);
}

TEST(printk, a_line_is_a_record)
{
	struct printk_record rec;
	u64 seq = log_end(), first = seq;

	EXPECT_EQ(printk(KERN_DEBUG "line %d\n", 1), 6);
	pr_debug("line %d", 2);
	ASSERT_TRUE(printk_read(&seq, &rec));
	EXPECT_EQ(rec.seq, first);
	EXPECT_EQ(rec.level, LOGLEVEL_DEBUG);
	EXPECT_TRUE(text_is(&rec, "line 1"));
	EXPECT_TRUE(!rec.cont && !rec.more);
	ASSERT_TRUE(printk_read(&seq, &rec));
	EXPECT_TRUE(text_is(&rec, "line 2"));
	EXPECT_TRUE(!printk_read(&seq, &rec));
	EXPECT_EQ(seq, first + 2);
}

TEST(printk, newlines_make_records)
{
	struct printk_record rec;
	u64 seq = log_end();

	pr_debug("a\n\nb\n");
	ASSERT_TRUE(printk_read(&seq, &rec));
	EXPECT_TRUE(text_is(&rec, "a"));
	ASSERT_TRUE(printk_read(&seq, &rec));
	EXPECT_TRUE(text_is(&rec, ""));
	ASSERT_TRUE(printk_read(&seq, &rec));
	EXPECT_TRUE(text_is(&rec, "b") && !rec.cont);
	EXPECT_TRUE(!printk_read(&seq, &rec));
}

/* Put the pieces together again: the line comes back whole, whatever its length. */
TEST(printk, long_lines_come_back_whole)
{
	char line[400], got[400 + PRINTK_TEXT];

	for (size_t len = 1; len < sizeof(line); len += 1 + ktest_rand_below(20)) {
		struct printk_record rec = {.more = true};
		u64 seq = log_end();
		size_t used = 0;

		memset(line, 'a' + (int)(len % 26), len);
		line[len] = '\0';
		pr_debug("%s\n", line);
		while (rec.more && used < sizeof(line)) {
			ASSERT_TRUE(printk_read(&seq, &rec));
			ASSERT_EQ(rec.cont, used != 0);
			memcpy(got + used, rec.text, rec.len);
			used += rec.len;
		}
		ASSERT_EQ(used, len);
		ASSERT_EQ(memcmp(got, line, len), 0);
		ASSERT_TRUE(!printk_read(&seq, &rec));
	}
}

TEST(printk, too_long_is_cut_and_shows_it)
{
	static char line[2000];
	struct printk_record rec;
	u64 seq = log_end();

	memset(line, 'x', sizeof(line) - 1);
	pr_debug("%s", line);
	do {
		ASSERT_TRUE(printk_read(&seq, &rec));
	} while (rec.more);
	ASSERT_GE(rec.len, 4);
	EXPECT_EQ(memcmp(rec.text + rec.len - 4, "x...", 4), 0);
}

TEST(printk, cannot_drive_the_terminal)
{
	struct printk_record rec;
	u64 seq = log_end();

	pr_debug("a\033[2Jb\tc\xff\r");
	ASSERT_TRUE(printk_read(&seq, &rec));
	EXPECT_TRUE(text_is(&rec, "a?[2Jb c??"));
}

TEST(printk, old_records_make_room)
{
	struct printk_record rec;
	u64 seq = log_end(), first = seq, count = 0;

	for (int i = 0; i < 3000; i++)
		pr_debug("record %d", i);
	while (printk_read(&seq, &rec))
		count++;
	EXPECT_EQ(seq, first + 3000);
	EXPECT_LT(count, 3000);
	EXPECT_GE(count, 512);
	EXPECT_TRUE(text_is(&rec, "record 2999"));
}

/* ---- the console ---------------------------------------------------------------------------- */

/* Consoles cannot be taken away again: this one is deaf except in a test of this file. */
static char seen[2048];
static size_t seen_len;
static bool listening;

static void listen(struct console *con __maybe_unused, const char *s, size_t n)
{
	if (!listening)
		return;
	n = min(n, sizeof(seen) - 1 - seen_len);
	memcpy(seen + seen_len, s, n);
	seen_len += n;
	seen[seen_len] = '\0';
}

static struct console listener = {.name = "listener", .write = listen};

static int start_listening(void)
{
	static bool registered;

	if (!registered)
		register_console(&listener);
	registered = true;
	seen_len = 0;
	seen[0] = '\0';
	listening = true;
	return known_loglevel();
}

static void stop_listening(void)
{
	former_loglevel();
	listening = false;
}
TEST_SUITE(console, start_listening, stop_listening);

TEST(console, log_waits_for_the_owner)
{
	con_lock();
	con_printf("held,");
	pr_warn("while held\n");
	EXPECT_TRUE(!strstr(seen, "while held"));
	con_lock();
	con_unlock();
	EXPECT_TRUE(!strstr(seen, "while held"));
	con_printf(" still\n");
	con_unlock();
	EXPECT_TRUE(!strncmp(seen, "held, still\n[", 13));
	EXPECT_TRUE(strstr(seen, "] while held\n") != NULL);
}

TEST(console, log_starts_at_the_left_edge)
{
	con_printf("half a line");
	EXPECT_TRUE(!con_at_line_start());
	pr_warn("a log line\n");
	EXPECT_TRUE(con_at_line_start());
	EXPECT_TRUE(!strncmp(seen, "half a line\n[", 13));
}

TEST(console, levels_are_hidden)
{
	pr_debug("not this\n");
	EXPECT_STREQ(seen, "");
}

static int redraws;

static void count_redraw(void)
{
	redraws++;
	con_write("prompt", 6);
}

TEST(console, the_edited_line_comes_back)
{
	redraws = 0;
	con_write("prompt", 6);
	con_set_line_redraw(count_redraw);
	con_lock();
	pr_warn("one\n");
	pr_warn("two\n");
	con_unlock();
	con_set_line_redraw(NULL);
	con_write("\n", 1);
	EXPECT_EQ(redraws, 1);
	EXPECT_TRUE(!strncmp(seen, "prompt\r\033[K[", 11));
	EXPECT_TRUE(strstr(seen, "] one\n[") != NULL);
	EXPECT_TRUE(strstr(seen, "] two\nprompt\n") != NULL);
}

/* ---- input ---------------------------------------------------------------------------------- */

static void drain(void)
{
	while (con_getc_nonblock() >= 0)
		;
}

TEST(console, bytes_come_in_order)
{
	drain();
	for (int i = 0; i < 10000; i++) {
		con_input((u8)(4 + i % 200));
		ASSERT_TRUE(con_input_pending());
		ASSERT_EQ(con_getc(), 4 + i % 200);
	}
	EXPECT_TRUE(!con_break());
}

TEST(console, a_full_queue_drops_and_counts)
{
	u64 dropped = con_input_dropped();
	int count = 0;

	drain();
	for (int i = 0; i < 5000; i++)
		con_input('a');
	while (con_getc_nonblock() >= 0)
		count++;
	EXPECT_GE(count, 4096);
	EXPECT_EQ(count + con_input_dropped() - dropped, 5000);
}

TEST(console, break_takes_what_was_typed_before_it)
{
	drain();
	EXPECT_TRUE(!con_break());
	con_input('a');
	con_input(3);
	con_input('b');
	EXPECT_TRUE(con_break());
	EXPECT_TRUE(!con_break());
	EXPECT_EQ(con_getc_nonblock(), 'b');
	con_input(3);
	EXPECT_EQ(con_getc_nonblock(), 3);
	EXPECT_TRUE(!con_break());
	for (int i = 0; i < 5000; i++)
		con_input('a');
	con_input(3); /* finds room in a full queue */
	EXPECT_TRUE(con_break());
}
