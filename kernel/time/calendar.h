/* Seconds since 1970-01-01 UTC and dates of the Gregorian calendar. Pure. Linux: mktime64(), time64_to_tm(). */
#ifndef KERNEL_TIME_CALENDAR_H
#define KERNEL_TIME_CALENDAR_H

#include <lib/types.h>

struct tm {
	u32 year;	/* 1970 and up */
	u32 month, day; /* from 1 */
	u32 hour, min, sec;
	u32 weekday; /* 0: Sunday; not read by tm_to_time() */
};

/* Is there such a second? (Leap seconds, 60, there are not: UTC without them, as POSIX has it.) */
bool tm_valid(const struct tm *tm);
/* Of a valid date. */
u64 tm_to_time(const struct tm *tm);
/* Up to the year 9999 or so. */
void time_to_tm(u64 seconds, struct tm *tm);

#endif
