/* A non-maskable interrupt on demand: to show what the kernel makes of one, and for tests. */
#ifndef DRIVERS_PLATFORM_NMI_H
#define DRIVERS_PLATFORM_NMI_H

/*
 * Send an NMI to the CPU that runs this and wait until it has arrived. 0; -ENODEV: no local APIC;
 * -ETIMEDOUT: sent, and nothing came.
 */
int nmi_self(void);

#endif
