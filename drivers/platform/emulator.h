/* Ways to stop and restart a PC or an emulator that need no ACPI table. */
#ifndef DRIVERS_PLATFORM_EMULATOR_H
#define DRIVERS_PLATFORM_EMULATOR_H

/* Register them with <kernel/power.h>. Boot. */
void emulator_power_init(void);

#endif
