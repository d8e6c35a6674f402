/* The keyboard controller of a PC, an Intel 8042 or what imitates it. */
#ifndef DRIVERS_INPUT_I8042_H
#define DRIVERS_INPUT_I8042_H

/*
 * Find the controller, switch the keyboard on and register it as a console that only reads. Input comes by
 * IRQ 1 if there is an interrupt chip by now, else by polling. 0, or -ENODEV when there is no controller.
 */
int i8042_init(void);

#endif
