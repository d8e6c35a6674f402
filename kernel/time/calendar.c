/*
 * The calendar, without a loop over years.
 *
 * The trick: let the year begin in March. Then the leap day is the last of its year, and the lengths of the months from March
 * on (31 30 31 30 31, 31 30 31 30 31, 31 28) follow a straight line: the days before month m are (153 m + 2) / 5. The
 * calendar repeats every 400 years = 146,097 days.
 */
#include <kernel/time/calendar.h>

#define DAYS_TO_1970	719468 /* from 0000-03-01 */
#define DAYS_400_YEARS	146097
#define SECONDS_PER_DAY 86400
#define FIRST_WEEKDAY	4 /* 1970-01-01 was a Thursday */

static bool leap_year(u32 year)
{
	return !(year % 4) && (year % 100 || !(year % 400));
}

static u32 days_in_month(u32 year, u32 month)
{
	static const u8 days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && leap_year(year) ? 1 : 0);
}

bool tm_valid(const struct tm *tm)
{
	return tm->year >= 1970 && tm->year <= 9999 && tm->month >= 1 && tm->month <= 12 &&
	       tm->day >= 1 && tm->day <= days_in_month(tm->year, tm->month) && tm->hour < 24 &&
	       tm->min < 60 && tm->sec < 60;
}

static u64 days_before(u32 years)
{
	return 365ULL * years + years / 4 - years / 100 + years / 400;
}

u64 tm_to_time(const struct tm *tm)
{
	u32 month = (tm->month + 9) % 12; /* March is 0 */
	u32 year = tm->year - (tm->month < 3);
	u64 days = days_before(year) + (153 * month + 2) / 5 + tm->day - 1 - DAYS_TO_1970;

	return ((days * 24 + tm->hour) * 60 + tm->min) * 60 + tm->sec;
}

void time_to_tm(u64 seconds, struct tm *tm)
{
	u64 days = seconds / SECONDS_PER_DAY + DAYS_TO_1970;
	u32 rest = (u32)(seconds % SECONDS_PER_DAY);
	u32 in_era = (u32)(days % DAYS_400_YEARS);
	/* The year of the era, exact after its leap days are taken out: one in 4 years, not in 100, but in 400. */
	u32 year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	u32 day = in_era - (u32)days_before(year);
	u32 month = (5 * day + 2) / 153;

	tm->weekday = (u32)((seconds / SECONDS_PER_DAY + FIRST_WEEKDAY) % 7);
	tm->day = day - (153 * month + 2) / 5 + 1;
	tm->month = month < 10 ? month + 3 : month - 9;
	tm->year = (u32)(days / DAYS_400_YEARS * 400) + year + (tm->month < 3);
	tm->hour = rest / 3600;
	tm->min = rest / 60 % 60;
	tm->sec = rest % 60;
}
