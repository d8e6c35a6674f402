/*
 * National Semiconductor PC16550D and its many copies: registers as its data
 * sheet names them (section 8), and the console on COM1.
 */
#ifndef DRIVERS_SERIAL_UART16550_H
#define DRIVERS_SERIAL_UART16550_H

#define COM1_PORT  0x3f8
#define COM1_IRQ   4
#define UART_CLOCK 1843200 /* Hz; the divisor counts sixteenths of it */
#define UART_BAUD  115200
#define UART_FIFO  16 /* bytes in each direction */

/* Offsets from the port. DLL and DLM replace the first two while LCR_DLAB is set. */
#define UART_RBR 0 /* read: received byte */
#define UART_THR 0 /* write: byte to transmit */
#define UART_IER 1
#define UART_IIR 2 /* read */
#define UART_FCR 2 /* write */
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5
#define UART_MSR 6
#define UART_SCR 7 /* scratch: keeps what is written, does nothing */
#define UART_DLL 0
#define UART_DLM 1

#define UART_IER_RDI	     0x01 /* received data available */
#define UART_IER_RLSI	     0x04 /* receiver line status: overrun, parity, framing, break */
#define UART_IIR_FIFO	     0xc0 /* both bits: the FIFOs are there and on */
#define UART_FCR_ENABLE	     0x01
#define UART_FCR_CLEAR_RCVR  0x02
#define UART_FCR_CLEAR_XMIT  0x04
#define UART_FCR_TRIGGER_14  0xc0
#define UART_LCR_8N1	     0x03
#define UART_LCR_DLAB	     0x80
#define UART_MCR_DTR	     0x01
#define UART_MCR_RTS	     0x02
#define UART_MCR_OUT2	     0x08 /* on a PC: connects the chip to its interrupt line */
#define UART_MCR_LOOP	     0x10
#define UART_LSR_DR	     0x01 /* a byte has arrived */
#define UART_LSR_OE	     0x02 /* overrun: a byte before this one is lost */
#define UART_LSR_PE	     0x04
#define UART_LSR_FE	     0x08
#define UART_LSR_BI	     0x10 /* break: the line was held low, the byte is none */
#define UART_LSR_THRE	     0x20 /* the transmit FIFO is empty */
#define UART_LSR_TEMT	     0x40 /* the shift register too: everything is on the wire */
#define UART_MSR_LOOP_INPUTS 0xf0 /* in loop mode: what MCR_RTS, DTR, OUT1, OUT2 drive */
#define UART_MSR_CTS	     0x10
#define UART_MSR_DCD	     0x80

/*
 * Find and program COM1 and register it as a console: output at once, input by polling. Nothing
 * happens when there is no UART. Interrupts off; needs no memory allocator.
 */
void uart16550_early_init(void);
/* From now on input comes by IRQ 4, if there is an interrupt chip. After irq_set_chip(). */
void uart16550_enable_irq(void);

#endif
