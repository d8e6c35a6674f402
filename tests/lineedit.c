/*
 * The line editor and the word splitter on the machine itself; tests/host
 * holds them against a model and a terminal. Contract: kernel/monitor/lineedit.h, split.h.
 */
#include <kernel/ktest.h>
#include <kernel/monitor/lineedit.h>
#include <kernel/monitor/split.h>
#include <lib/errno.h>
#include <lib/string.h>

static struct lineedit editor;

static void write_nothing(const char *s __maybe_unused, size_t n __maybe_unused)
{
}

static const char *two_words(const char *line __maybe_unused, size_t word, size_t i)
{
	static const char *const words[] = {"power", "poweroff"};

	return word == 0 && i < ARRAY_SIZE(words) ? words[i] : NULL;
}

static const struct lineedit_ops ops = {.write = write_nothing, .candidate = two_words};

static int fresh_editor(void)
{
	lineedit_init(&editor, &ops, "> ");
	lineedit_start(&editor);
	return 0;
}
TEST_SUITE(lineedit, fresh_editor, NULL);

/* Type the keys; the line when one of them finished it, else what stands there. */
static const char *type(const char *keys)
{
	for (; *keys; keys++) {
		if (lineedit_feed(&editor, (u8)*keys) != LINE_MORE) {
			static char line[LINE_MAX];

			strscpy(line, editor.line, sizeof(line));
			lineedit_start(&editor);
			return line;
		}
	}
	return editor.line;
}

TEST(lineedit, edits_in_the_middle)
{
	EXPECT_STREQ(type("wrld\x01\x1b[C"
			  "o\x1b[D\x1b[H"
			  "hello \r"),
		     "hello world");
	EXPECT_STREQ(type("abcd\x1b[D\x7f\x04\r"), "ab");
	EXPECT_STREQ(type("one two three\x17\x17"
			  "2\r"),
		     "one 2");
	EXPECT_STREQ(type("head tail\x1b[D\x1b[D\x1b[D\x1b[D\x15\r"), "tail");
	EXPECT_STREQ(type("head tail\x01\x06\x06\x06\x06\x0b\r"), "head");
}

TEST(lineedit, remembers_lines)
{
	type("first\r");
	type("second\r");
	type("second\r");
	EXPECT_STREQ(type("new\x1b[A"), "second");
	EXPECT_STREQ(type("\x10"), "first");
	EXPECT_STREQ(type("\x1b[B\x1b[B"), "new");
	EXPECT_STREQ(type("\x03"), "");
}

TEST(lineedit, completes)
{
	EXPECT_STREQ(type("po\t"), "power");
	EXPECT_STREQ(type("o\t"), "poweroff ");
	EXPECT_STREQ(type("x\t"), "poweroff x");
}

TEST(lineedit, line_ends_are_one)
{
	EXPECT_STREQ(type("a\r"), "a");
	EXPECT_STREQ(type("\nb\n"), "b");
	EXPECT_STREQ(type("\n"), "");
}

TEST(lineedit, survives_any_bytes)
{
	for (int i = 0; i < 20000; i++) {
		if (lineedit_feed(&editor, (u8)ktest_rand()) != LINE_MORE)
			lineedit_start(&editor);
		ASSERT_LT(editor.len, LINE_MAX);
		ASSERT_LE(editor.cursor, editor.len);
		ASSERT_EQ(editor.line[editor.len], 0);
		ASSERT_EQ(editor.first + editor.column, editor.cursor);
	}
}

TEST(split, cuts_words)
{
	char text[] = " a  'b ; c'd;;\"\" e";
	char *rest = text, *argv[4];

	ASSERT_EQ(split_command(&rest, argv, 4), 2);
	EXPECT_STREQ(argv[0], "a");
	EXPECT_STREQ(argv[1], "b ; cd");
	EXPECT_EQ(split_command(&rest, argv, 4), 0);
	ASSERT_EQ(split_command(&rest, argv, 4), 2);
	EXPECT_STREQ(argv[0], "");
	EXPECT_STREQ(argv[1], "e");
	EXPECT_TRUE(!rest);
}

TEST(split, refuses)
{
	char many[] = "a b c d; e", open[] = "a 'b";
	char *rest = many, *argv[4];

	EXPECT_EQ(split_command(&rest, argv, 4), -E2BIG);
	EXPECT_EQ(split_command(&rest, argv, 4), 1);
	rest = open;
	EXPECT_EQ(split_command(&rest, argv, 4), -EINVAL);
	EXPECT_TRUE(!rest);
}
