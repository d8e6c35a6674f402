/*
 * The real-time clock: the MC146818 of the PC/AT, which a battery keeps going. It knows the date and nothing finer
 * than a second.
 *
 * Once a second it counts its registers up, and for up to 2 ms what they say is no time at all. It announces
 * that 244 us ahead (UIP); so a date is good if it was read twice, the same, with UIP clear before. Nobody waits for it at
 * boot: it is read when somebody first asks for the time of day.
 *
 * Motorola MC146818A data sheet; ACPI 6.5, 4.8.2.4 (the century).
 */
#define pr_fmt(fmt) "rtc: " fmt

#include <arch/insn.h>
#include <drivers/acpi/acpi.h>
#include <drivers/clock/clock.h>
#include <kernel/time/calendar.h>
#include <kernel/time/timekeeping.h>
#include <lib/printk.h>
#include <lib/string.h>

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

#define RTC_SECONDS  0x00
#define RTC_MINUTES  0x02
#define RTC_HOURS    0x04
#define RTC_DAY	     0x07
#define RTC_MONTH    0x08
#define RTC_YEAR     0x09
#define RTC_STATUS_A 0x0a
#define RTC_STATUS_B 0x0b

#define RTC_A_UIP    0x80 /* update in progress, or about to be */
#define RTC_B_24H    0x02
#define RTC_B_BINARY 0x04
#define RTC_HOURS_PM 0x80

#define UIP_LOOKS 10000 /* 10 ms on a real machine; an update takes 2 */
#define ATTEMPTS  5

static u8 century_register; /* 0: there is none */

static u8 cmos_read(u8 reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

/* The registers as they are: bytes, in BCD or not. */
struct rtc_raw {
	u8 sec, min, hour, day, month, year, century;
};

static struct rtc_raw read_raw(void)
{
	for (int i = 0; i < UIP_LOOKS && (cmos_read(RTC_STATUS_A) & RTC_A_UIP); i++)
		cpu_relax();
	return (struct rtc_raw){
		.sec = cmos_read(RTC_SECONDS),
		.min = cmos_read(RTC_MINUTES),
		.hour = cmos_read(RTC_HOURS),
		.day = cmos_read(RTC_DAY),
		.month = cmos_read(RTC_MONTH),
		.year = cmos_read(RTC_YEAR),
		.century = century_register ? cmos_read(century_register) : 0,
	};
}

static u32 number(u8 raw, u8 status_b)
{
	return status_b & RTC_B_BINARY ? raw : (raw >> 4) * 10u + (raw & 0xf);
}

static u32 hours(u8 raw, u8 status_b)
{
	u32 hour;

	if (status_b & RTC_B_24H)
		return number(raw, status_b);
	hour = number(raw & ~RTC_HOURS_PM, status_b) % 12;
	return raw & RTC_HOURS_PM ? hour + 12 : hour;
}

/* Without a century that makes sense, 70 to 99 are the last one's. */
static u32 full_year(u32 year, u32 century)
{
	if (century >= 19 && century <= 99)
		return century * 100 + year;
	return year < 70 ? 2000 + year : 1900 + year;
}

static void decode(const struct rtc_raw *raw, u8 status_b, struct tm *tm)
{
	tm->sec = number(raw->sec, status_b);
	tm->min = number(raw->min, status_b);
	tm->hour = hours(raw->hour, status_b);
	tm->day = number(raw->day, status_b);
	tm->month = number(raw->month, status_b);
	tm->year = full_year(number(raw->year, status_b), number(raw->century, status_b));
}

static ktime_t rtc_read(void)
{
	struct rtc_raw raw = read_raw(), again;
	struct tm tm;

	for (int i = 0; i < ATTEMPTS; i++, raw = again) {
		again = read_raw();
		if (!memcmp(&raw, &again, sizeof(raw)))
			break;
	}
	decode(&raw, cmos_read(RTC_STATUS_B), &tm);
	if (!tm_valid(&tm)) {
		pr_warn("%u-%02u-%02u %02u:%02u:%02u is no date; the time of day is not known\n",
			tm.year, tm.month, tm.day, tm.hour, tm.min, tm.sec);
		return -1;
	}
	return (ktime_t)tm_to_time(&tm) * NSEC_PER_SEC;
}

static const struct persistent_clock rtc = {.name = "the RTC", .read = rtc_read};

void rtc_register(void)
{
	const struct acpi_fadt *fadt = acpi_fadt();

	century_register = fadt && fadt->century < 0x80 ? fadt->century : 0;
	timekeeping_set_persistent_clock(&rtc);
}
