/*
 * The log's ring, with several writers at once and with writers that stop in
 * the middle. The source itself is included, under names of its own: the shim has a printk(), and a
 * writer that is interrupted can only be played from inside.
 */
#include <tests/host/host.h>

#include <cmocka.h>
#include <pthread.h>

#define printk		 ring_printk
#define vprintk		 ring_vprintk
#define console_loglevel ring_loglevel
#define panic_depth	 ring_panic_depth
#include <lib/printk.c>

u32 ring_panic_depth;

bool con_trylock(void)
{
	return false;
}

void con_unlock(void)
{
}

int kstrtobool(const char *s, bool *res)
{
	*res = *s == '1';
	return 0;
}

static int empty_log(void **state)
{
	(void)state;
	memset(ring, 0, sizeof(ring));
	next_seq = 0;
	ring_panic_depth = 0;
	return 0;
}

static bool text_is(const struct printk_record *rec, const char *text)
{
	return rec->len == strlen(text) && !memcmp(rec->text, text, rec->len);
}

/* ---- writers that stop in the middle -------------------------------------------------------- */

static const struct printk_record one_letter = {.level = LOGLEVEL_INFO, .len = 1};

/* What an interrupted printk() has done so far, and what it does when it goes on. */
static u64 begin_record(void)
{
	u64 seq = next_seq++;

	assert_true(claim(slot_of(seq), seq));
	return seq;
}

static void end_record(u64 seq, char letter)
{
	struct slot *slot = slot_of(seq);

	slot->level = one_letter.level;
	slot->len = 1;
	slot->text[0] = letter;
	commit(slot, seq);
}

static void readers_wait_for_an_unfinished_record(void **state)
{
	struct printk_record rec;
	u64 seq = 0, open;

	(void)state;
	ring_printk(KERN_INFO "a");
	open = begin_record();
	ring_printk(KERN_INFO "c"); /* an interrupt, in the middle of it */
	assert_true(printk_read(&seq, &rec));
	assert_true(text_is(&rec, "a"));
	assert_false(printk_read(&seq, &rec));
	end_record(open, 'b');
	assert_true(printk_read(&seq, &rec));
	assert_true(text_is(&rec, "b"));
	assert_true(printk_read(&seq, &rec));
	assert_true(text_is(&rec, "c"));
	assert_false(printk_read(&seq, &rec));
}

static void a_panic_waits_for_nobody(void **state)
{
	struct printk_record rec;
	u64 seq = 0;

	(void)state;
	begin_record();
	ring_printk(KERN_INFO "b");
	assert_false(printk_read(&seq, &rec));
	ring_panic_depth = 1;
	assert_true(printk_read(&seq, &rec));
	assert_true(text_is(&rec, "b"));
}

/* The log goes round `rounds` times while one writer stands still. */
static void lap(u32 rounds)
{
	struct printk_record rec;
	u64 seq, open, lost = 0, last;

	ring_printk(KERN_INFO "before");
	open = begin_record();
	for (u32 i = 0; i < rounds * LOG_RECORDS; i++)
		ring_printk(KERN_INFO "%u", i);
	last = next_seq - 1;
	assert_int_equal(slot_of(open)->state & BUSY, BUSY);
	end_record(open, 'x');
	ring_printk(KERN_INFO "after");
	for (seq = 0; printk_read(&seq, &rec);) {
		char number[24];

		snprintf(number, sizeof(number), "%llu", rec.seq - open - 1);
		if (rec.seq > last)
			assert_true(text_is(&rec, "after"));
		else if (rec.text[0] == '(')
			lost += rec.seq % LOG_RECORDS == open % LOG_RECORDS;
		else
			assert_true(text_is(&rec, number));
	}
	assert_int_equal(seq, next_seq);
	assert_int_equal(lost, 1); /* and nothing else */
}

static void a_lapped_writer_costs_one_record(void **state)
{
	lap(1);
	empty_log(state);
	lap(3);
}

/* ---- writers at once ------------------------------------------------------------------------ */

#define WRITERS 4
#define LINES	20000

static volatile int writers_left;

/* Every line says who wrote it and its number, then one letter up to a length that follows from both. */
static size_t fill_length(unsigned int who, unsigned int n)
{
	return (who * 7 + n * 13) % 260;
}

static void *write_lines(void *arg)
{
	unsigned int who = (unsigned int)(uintptr_t)arg;
	char fill[300];

	for (unsigned int n = 0; n < LINES; n++) {
		size_t len = fill_length(who, n);

		memset(fill, 'a' + (int)who, len);
		fill[len] = '\0';
		ring_printk(KERN_INFO "%u %u %s\n", who, n, fill);
	}
	__atomic_fetch_sub(&writers_left, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

struct reader {
	char line[PRINTK_TEXT * 4];
	size_t len;
	bool whole; /* no piece of this line was missed */
	u64 next;
	unsigned int last[WRITERS], lines;
};

static void check_line(struct reader *r)
{
	char expect[PRINTK_TEXT * 4], fill[300];
	unsigned int who, n;
	size_t len;

	r->line[r->len] = '\0';
	/* A writer that the machine stopped while the ring went round leaves a note: lost is not torn. */
	if (strstr(r->line, "(lost: ") == r->line)
		return;
	assert_int_equal(sscanf(r->line, "%u %u", &who, &n), 2);
	assert_true(who < WRITERS && n < LINES);
	len = fill_length(who, n);
	memset(fill, 'a' + (int)who, len);
	fill[len] = '\0';
	snprintf(expect, sizeof(expect), "%u %u %s", who, n, fill);
	assert_string_equal(r->line, expect);
	assert_true(n >= r->last[who]); /* a writer's lines come in its order */
	r->last[who] = n + 1;
	r->lines++;
}

static void take(struct reader *r, const struct printk_record *rec)
{
	if (rec->seq != r->next)
		r->whole = false;
	assert_true(rec->seq >= r->next);
	r->next = rec->seq + 1;
	if (!rec->cont) {
		r->whole = true;
		r->len = 0;
	}
	if (!r->whole)
		return;
	memcpy(r->line + r->len, rec->text, rec->len);
	r->len += rec->len;
	if (!rec->more)
		check_line(r);
}

static void lines_are_never_torn(void **state)
{
	static struct reader reader;
	struct printk_record rec;
	pthread_t threads[WRITERS];
	u64 seq = 0;

	(void)state;
	writers_left = WRITERS;
	for (uintptr_t i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, (void *)i), 0);
	while (writers_left)
		while (printk_read(&seq, &rec))
			take(&reader, &rec);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	while (printk_read(&seq, &rec))
		take(&reader, &rec);
	assert_int_equal(seq, next_seq);
	assert_true(reader.lines > 0);
	printf("# read %u lines of %u while they were written\n", reader.lines, WRITERS * LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(readers_wait_for_an_unfinished_record, empty_log),
		cmocka_unit_test_setup(a_panic_waits_for_nobody, empty_log),
		cmocka_unit_test_setup(a_lapped_writer_costs_one_record, empty_log),
		cmocka_unit_test_setup(lines_are_never_torn, empty_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
