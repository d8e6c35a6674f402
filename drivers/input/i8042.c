/*
 * The PS/2 keyboard behind its controller. The controller translates to
 * scancode set 1 and raises IRQ 1 for each byte; keymap.c makes characters of them.
 *
 * Nothing here waits for hardware without a bound: a step that is not answered within POLL_MAX reads is
 * noted and left out. A late answer then looks like a scancode of no key and does no harm.
 * IBM PS/2 technical reference, keyboard and auxiliary device controller.
 */
#define pr_fmt(fmt) "i8042: " fmt

#include <arch/insn.h>
#include <drivers/input/i8042.h>
#include <drivers/input/keymap.h>
#include <kernel/irq.h>
#include <lib/console.h>
#include <lib/errno.h>
#include <lib/printk.h>

#define I8042_DATA   0x60
#define I8042_STATUS 0x64 /* read */
#define I8042_CMD    0x64 /* write */
#define I8042_IRQ    1

#define STATUS_OBF  0x01 /* a byte waits to be read */
#define STATUS_IBF  0x02 /* the controller has not yet taken our last byte */
#define STATUS_AUX  0x20 /* the byte is the mouse's */
#define STATUS_NONE 0xff /* an empty bus */

#define CMD_READ_CONFIG	 0x20
#define CMD_WRITE_CONFIG 0x60
#define CMD_AUX_DISABLE	 0xa7
#define CMD_SELF_TEST	 0xaa /* answers SELF_TEST_OK */
#define CMD_KBD_DISABLE	 0xad
#define CMD_KBD_ENABLE	 0xae
#define SELF_TEST_OK	 0x55

#define CONFIG_KBD_IRQ	     0x01
#define CONFIG_AUX_IRQ	     0x02
#define CONFIG_SYSTEM	     0x04 /* set by firmware once its tests have passed */
#define CONFIG_KBD_CLOCK_OFF 0x10
#define CONFIG_AUX_CLOCK_OFF 0x20
#define CONFIG_TRANSLATE     0x40 /* set 2 as the keyboard speaks it to set 1 */

#define KBD_ENABLE_SCANNING 0xf4 /* to the keyboard itself, which answers KBD_ACK */
#define KBD_ACK		    0xfa

#define POLL_MAX  300 /* reads of a microsecond each on a real bus */
#define DRAIN_MAX 16  /* more than the controller and the keyboard can hold back */

static struct keymap keymap = KEYMAP_INIT;
/* What one scancode meant and poll() has not yet handed out. Only while polled. */
static char pending[KEYMAP_MAX];
static u32 pending_next, pending_len;

static bool wait_status(u8 mask, u8 value)
{
	for (u32 i = 0; i < POLL_MAX; i++)
		if ((inb(I8042_STATUS) & mask) == value)
			return true;
	return false;
}

static bool i8042_write(u16 port, u8 value)
{
	if (!wait_status(STATUS_IBF, 0)) {
		pr_debug("0x%02x not taken at port 0x%x\n", value, port);
		return false;
	}
	outb(port, value);
	return true;
}

/* The answer to what was just written, or -1. */
static int i8042_read(void)
{
	return wait_status(STATUS_OBF, STATUS_OBF) ? inb(I8042_DATA) : -1;
}

static void i8042_drain(void)
{
	for (u32 i = 0; i < DRAIN_MAX && inb(I8042_STATUS) & STATUS_OBF; i++)
		inb(I8042_DATA);
}

/* Decode the byte that waits, if it is the keyboard's. How many characters it made; -1: none waits. */
static int take_scancode(char out[KEYMAP_MAX])
{
	u8 status = inb(I8042_STATUS);
	u8 byte;

	if (!(status & STATUS_OBF))
		return -1;
	byte = inb(I8042_DATA);
	return status & STATUS_AUX ? 0 : (int)keymap_decode(&keymap, byte, out);
}

static void i8042_interrupt(u32 irq __maybe_unused, void *dev __maybe_unused)
{
	char out[KEYMAP_MAX];
	int n;

	for (u32 i = 0; i < DRAIN_MAX && (n = take_scancode(out)) >= 0; i++)
		for (int j = 0; j < n; j++)
			con_input((u8)out[j]);
}

static int i8042_poll(struct console *con __maybe_unused)
{
	if (pending_next == pending_len) {
		int n = take_scancode(pending);

		if (n <= 0)
			return -1;
		pending_next = 0;
		pending_len = (u32)n;
	}
	return (u8)pending[pending_next++];
}

/* A keyboard shows nothing. */
static void i8042_no_output(struct console *con __maybe_unused, const char *s __maybe_unused,
			    size_t n __maybe_unused)
{
}

static struct console i8042_console = {
	.name = "kbd",
	.write = i8042_no_output,
	.poll = i8042_poll,
};

/* The self test may reset the configuration, so it comes first. */
static void self_test(void)
{
	if (i8042_write(I8042_CMD, CMD_SELF_TEST) && i8042_read() != SELF_TEST_OK)
		pr_debug("self test not passed\n");
}

static void configure(void)
{
	int config = i8042_write(I8042_CMD, CMD_READ_CONFIG) ? i8042_read() : -1;

	if (config < 0)
		config = CONFIG_SYSTEM;
	config |= CONFIG_KBD_IRQ | CONFIG_TRANSLATE | CONFIG_AUX_CLOCK_OFF;
	config &= ~(CONFIG_AUX_IRQ | CONFIG_KBD_CLOCK_OFF);
	if (i8042_write(I8042_CMD, CMD_WRITE_CONFIG))
		i8042_write(I8042_DATA, (u8)config);
}

static void enable_keyboard(void)
{
	i8042_write(I8042_CMD, CMD_KBD_ENABLE);
	if (i8042_write(I8042_DATA, KBD_ENABLE_SCANNING) && i8042_read() != KBD_ACK)
		pr_debug("no keyboard answers\n");
}

/* Only a keyboard that must be polled has to be a console: an interrupt brings its bytes by itself. */
static void attach(void)
{
	int err = request_irq(I8042_IRQ, i8042_interrupt, "kbd", &keymap);

	if (!err)
		return;
	if (irq_available())
		pr_warn("no IRQ %d (%d): input is polled\n", I8042_IRQ, err);
	register_console(&i8042_console);
}

int i8042_init(void)
{
	if (inb(I8042_STATUS) == STATUS_NONE)
		return -ENODEV;
	i8042_write(I8042_CMD, CMD_KBD_DISABLE);
	i8042_write(I8042_CMD, CMD_AUX_DISABLE);
	i8042_drain();
	self_test();
	configure();
	enable_keyboard();
	i8042_drain();
	attach();
	return 0;
}
