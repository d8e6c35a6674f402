/*
 * Clock sources for tests: the TSC in disguise, with knobs that break it.
 */
#ifndef TESTS_FAKE_CLOCK_H
#define TESTS_FAKE_CLOCK_H

#include <arch/insn.h>
#include <arch/tsc.h>
#include <kernel/time/clocksource.h>

struct fake_clock {
	struct clocksource cs;
	bool stopped;
	u64 stuck_at;
	u64 offset;    /* added to each reading */
	u32 faster_by; /* percent */
	u64 backwards; /* each reading is so much less than the one before it */
	u64 reads;
};

static inline u64 fake_read(struct clocksource *cs)
{
	struct fake_clock *fake = container_of(cs, struct fake_clock, cs);
	u64 now = rdtsc_ordered();

	fake->reads++;
	if (fake->stopped)
		return fake->stuck_at & cs->mask;
	if (fake->backwards)
		return (~0ULL - fake->reads * fake->backwards) & cs->mask;
	now += now / 100 * fake->faster_by;
	return fake->stuck_at = (now + fake->offset) & cs->mask;
}

/* As fast as the TSC, rated above all real ones. */
static inline void fake_init(struct fake_clock *fake, const char *name)
{
	*fake = (struct fake_clock){
		.cs = {.name = name,
		       .rating = 1000,
		       .flags = CLOCK_SOURCE_IS_CONTINUOUS | CLOCK_SOURCE_VALID_FOR_HRES,
		       .read = fake_read,
		       .mask = ~0ULL},
	};
	INIT_LIST_HEAD(&fake->cs.link); /* on no list */
}

#endif
