/* The keyboard controller of a PC, an Intel 8042 or what imitates it. */
#ifndef DRIVERS_INPUT_I8042_H
#define DRIVERS_INPUT_I8042_H

/*
 * Find the controller and switch the keyboard on. What is typed goes to con_input(): by IRQ 1 if there is an
 * interrupt chip by now, else a console is registered to be polled. 0, or -ENODEV when there is no controller. Boot.
 */
int i8042_init(void);

#endif
