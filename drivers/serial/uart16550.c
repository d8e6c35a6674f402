/*
 * The serial console on COM1, 115200 8N1.
 *
 * Output waits until the transmit FIFO is empty and then fills it in one go: one status read for
 * sixteen bytes. A write ends when its last byte is on the wire, so that what was said before a crash or
 * a power-off is heard. Input is polled until uart16550_enable_irq() and interrupt driven after it.
 *
 * Invariant: no loop here is ended by the device alone. A transmitter that does not get ready
 * in time is called stuck; its output is dropped until a single look finds it ready
 * again. An interrupt takes at most DRAIN_MAX bytes. PC16550D data sheet, section 8.
 */
#define pr_fmt(fmt) "uart16550: " fmt

#include <arch/insn.h>
#include <drivers/serial/uart16550.h>
#include <kernel/irq.h>
#include <lib/command.h>
#include <lib/console.h>
#include <lib/errno.h>
#include <lib/printk.h>

/*
 * How long the transmitter may take, in TSC cycles. A full FIFO is sent in 1.4 ms, so one that never was ready
 * is given up soon (0.1 s at 2.7 GHz). One that has worked waits for somebody: an emulator holds back
 * its output while nobody reads it, and what a script comes to read late (3 s) must not be lost.
 */
#define FIRST_PATIENCE (1ULL << 28)
#define PATIENCE       (1ULL << 33)
#define DRAIN_MAX      256

static struct {
	bool present;
	bool worked;	/* the transmitter has been ready at least once */
	bool stuck;	/* the last bounded wait for the transmitter failed */
	u32 fifo;	/* bytes that THRE promises room for: 16, or 1 on a chip without FIFO */
	u64 tx_dropped; /* bytes given up because the transmitter was stuck */
	u64 rx_overruns, rx_errors, rx_breaks;
} uart;

static u8 uart_in(u32 reg)
{
	return inb(COM1_PORT + reg);
}

static void uart_out(u32 reg, u8 value)
{
	outb(COM1_PORT + reg, value);
}

/* The scratch register keeps a value; an empty bus reads 0xff whatever was written. */
static bool scratch_works(void)
{
	uart_out(UART_SCR, 0x5a);
	if (uart_in(UART_SCR) != 0x5a)
		return false;
	uart_out(UART_SCR, 0xa5);
	return uart_in(UART_SCR) == 0xa5;
}

/* The 8250 has no scratch register, but all chips can feed the modem outputs back to the inputs. */
static bool loopback_works(void)
{
	u8 status;

	uart_out(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
	status = uart_in(UART_MSR) & UART_MSR_LOOP_INPUTS;
	uart_out(UART_MCR, 0);
	return status == (UART_MSR_DCD | UART_MSR_CTS);
}

static bool uart_detect(void)
{
	if (uart_in(UART_LSR) == 0xff) /* nothing drives the bus */
		return false;
	return scratch_works() || loopback_works();
}

/* Everything is set, nothing assumed: Bochs starts with a divisor and a word length of its own. */
static void uart_program(void)
{
	u16 divisor = UART_CLOCK / 16 / UART_BAUD;

	uart_out(UART_IER, 0);
	uart_out(UART_LCR, UART_LCR_DLAB);
	uart_out(UART_DLL, divisor & 0xff);
	uart_out(UART_DLM, divisor >> 8);
	uart_out(UART_LCR, UART_LCR_8N1);
	uart_out(UART_FCR,
		 UART_FCR_ENABLE | UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT | UART_FCR_TRIGGER_14);
	uart_out(UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
	uart.fifo = (uart_in(UART_IIR) & UART_IIR_FIFO) == UART_IIR_FIFO ? UART_FIFO : 1;
}

static bool tx_wait(u8 status)
{
	u64 patience = uart.worked ? PATIENCE : FIRST_PATIENCE;
	u64 start = rdtsc();

	while (rdtsc() - start < patience) {
		cpu_relax();
		if (uart_in(UART_LSR) & status)
			return true;
	}
	return false;
}

/* Has the transmitter got this far: THRE, TEMT? While stuck: one look, no wait. */
static bool tx_ready(u8 status)
{
	bool ready = uart_in(UART_LSR) & status || (!uart.stuck && tx_wait(status));

	uart.worked |= ready;
	uart.stuck = !ready;
	return ready;
}

static void uart_write(struct console *con __maybe_unused, const char *s, size_t n)
{
	bool returned = false; /* the '\r' that belongs to the '\n' at s is in the burst */
	u8 burst[UART_FIFO];

	while (n) {
		u32 len = 0;

		while (n && len < uart.fifo) {
			if (*s == '\n' && !returned) {
				burst[len++] = '\r';
				returned = true;
				continue;
			}
			burst[len++] = (u8)*s++;
			returned = false;
			n--;
		}
		if (!tx_ready(UART_LSR_THRE)) {
			uart.tx_dropped += len + n;
			return;
		}
		outsb(COM1_PORT + UART_THR, burst, len);
	}
	tx_ready(UART_LSR_TEMT);
}

/*
 * Take the byte that `status`, a value of LSR, announces. -1: there is none, or it was damaged. An
 * overrun is only counted: this byte is whole, the one before it is lost.
 */
static int uart_receive(u8 status)
{
	u8 byte = uart_in(UART_RBR);

	if (status & UART_LSR_OE)
		uart.rx_overruns++;
	if (status & UART_LSR_BI) {
		uart.rx_breaks++;
		return -1;
	}
	if (status & (UART_LSR_PE | UART_LSR_FE)) {
		uart.rx_errors++;
		return -1;
	}
	return byte;
}

static int uart_poll(struct console *con __maybe_unused)
{
	u8 status = uart_in(UART_LSR);

	return status & UART_LSR_DR ? uart_receive(status) : -1;
}

/*
 * The line is edge triggered: it must fall before it can interrupt again. An empty FIFO lets it
 * fall; when the bound came first, switching the chip's interrupts off and on does.
 */
static void uart_interrupt(u32 irq __maybe_unused, void *dev __maybe_unused)
{
	u32 left;

	for (left = DRAIN_MAX; left; left--) {
		u8 status = uart_in(UART_LSR);
		int byte;

		if (!(status & UART_LSR_DR))
			return;
		byte = uart_receive(status);
		if (byte >= 0)
			con_input((u8)byte);
	}
	uart_out(UART_IER, 0);
	uart_out(UART_IER, UART_IER_RDI | UART_IER_RLSI);
}

static struct console uart_console = {
	.name = "ttyS0",
	.write = uart_write,
	.poll = uart_poll,
};

void uart16550_early_init(void)
{
	if (!uart_detect())
		return;
	uart_program();
	uart.present = true;
	register_console(&uart_console);
}

void uart16550_enable_irq(void)
{
	int err;

	if (!uart.present || !irq_available())
		return;
	err = request_irq(COM1_IRQ, uart_interrupt, "ttyS0", &uart);
	if (err) {
		pr_warn("no IRQ %d (%d): input stays polled\n", COM1_IRQ, err);
		return;
	}
	uart_console.irq_driven = true;
	uart_out(UART_IER, UART_IER_RDI | UART_IER_RLSI);
}

static int cmd_serial(int argc, char **argv __maybe_unused)
{
	if (argc != 1)
		return -EINVAL;
	if (!uart.present) {
		con_printf("no UART at port 0x%x\n", COM1_PORT);
		return -ENODEV;
	}
	con_printf("port 0x%x, %d baud, FIFO of %u, input %s\n", COM1_PORT, UART_BAUD, uart.fifo,
		   uart_console.irq_driven ? "by interrupt" : "polled");
	con_printf("overruns %llu, damaged %llu, breaks %llu, output dropped %llu\n",
		   uart.rx_overruns, uart.rx_errors, uart.rx_breaks, uart.tx_dropped);
	return 0;
}
COMMAND("serial", "", "state and error counts of the serial port", cmd_serial);
