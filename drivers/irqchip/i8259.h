/* The pair of Intel 8259A interrupt controllers of a PC: 15 lines, edge triggered. */
#ifndef DRIVERS_IRQCHIP_I8259_H
#define DRIVERS_IRQCHIP_I8259_H

#define I8259_VECTOR_BASE 0x20 /* line 0: the first vector that is no exception's */

/*
 * Move the lines away from the exceptions' vectors and mask all; what is spurious all the same is counted. 0;
 * -ENODEV when there is none. Boot, interrupts off, after trap_init().
 */
int i8259_quiet(void);
/* After that: register as the interrupt chip. 0; -EBUSY another chip is registered. */
int i8259_init(void);

#endif
