/* The list of clocks, in the order in which they are looked for. The order decides nothing: ratings do. */
#include <drivers/clock/clock.h>
#include <kernel/time/clockevents.h>

void clocksources_init(void)
{
	lapic_timer_open_window();
	rtc_register();
	kvmclock_register(); /* after the RTC: it knows the time of day better */
	tsc_register();
	hpet_register();
	acpi_pm_register();
	pit_register();
}

void clock_events_init(void)
{
	lapic_timer_init();
	if (!this_cpu_clock_event())
		pit_event_init();
}
