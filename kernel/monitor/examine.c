/*
 * `x` and `sym`: memory and symbols. Every byte of memory is read through
 * copy_from_kernel_nofault(), so any address may be asked for; a device's
 * registers answer too, and reading may change them.
 */
#include <arch/extable.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/glob.h>
#include <lib/kstrtox.h>
#include <lib/string.h>
#include <lib/symtab.h>

#define ROW_BYTES     16u
#define DEFAULT_BYTES 64
#define MAX_BYTES     KiB(64)

/* A number, or hexadecimal without 0x as other tools print addresses. */
static int parse_number(const char *text, unsigned long *addr)
{
	u64 value;

	if (kstrtou64(text, 0, &value) && kstrtou64(text, 16, &value))
		return -EINVAL;
	*addr = value;
	return 0;
}

/* Symbol names win over hexadecimal words: "add" is a function before it is a number. */
static int parse_address(const char *text, unsigned long *addr)
{
	char name[128];
	unsigned long offset = 0;
	struct symbol sym;
	char *plus;

	if (strscpy(name, text, sizeof(name)) < 0)
		return -EINVAL;
	plus = strchr(name, '+');
	if (plus) {
		*plus = '\0';
		if (parse_number(plus + 1, &offset))
			return -EINVAL;
	}
	if (symbol_named(name, &sym))
		*addr = sym.addr;
	else if (parse_number(name, addr))
		return -ENOENT;
	*addr += offset;
	return 0;
}

/* One aligned row; what lies outside [from, to] is left blank. A row never crosses a page. */
static int show_row(unsigned long row, unsigned long from, unsigned long to)
{
	unsigned long first = max(row, from), last = min(row + (ROW_BYTES - 1), to);
	u8 bytes[ROW_BYTES];

	if (copy_from_kernel_nofault(bytes + (first - row), (const void *)first,
				     last - first + 1)) {
		con_printf("%016lx cannot be read\n", first);
		return -EFAULT;
	}
	con_printf("%016lx:", row);
	for (unsigned long i = 0; i < ROW_BYTES; i++) {
		if (row + i < first || row + i > last)
			con_printf("   ");
		else
			con_printf(" %02x", bytes[i]);
	}
	con_printf("  ");
	for (unsigned long i = 0; i < ROW_BYTES; i++) {
		bool inside = row + i >= first && row + i <= last;

		con_printf("%c", !inside			       ? ' '
				 : bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i]
								       : '.');
	}
	con_printf("\n");
	return 0;
}

static int cmd_x(int argc, char **argv)
{
	unsigned long from, to, row;
	u64 n = DEFAULT_BYTES;
	int err;

	if (argc < 2 || argc > 3 || (argc == 3 && parse_size(argv[2], &n)))
		return -EINVAL;
	if (!n || n > MAX_BYTES)
		return -ERANGE;
	err = parse_address(argv[1], &from);
	if (err)
		return err;
	to = from + n - 1 < from ? ~0UL : from + n - 1;
	row = from & ~(unsigned long)(ROW_BYTES - 1);
	do {
		if (con_break())
			return -EINTR;
		err = show_row(row, from, to);
		row += ROW_BYTES;
	} while (!err && row && row <= to);
	return err;
}
COMMAND("x", "ADDR|NAME[+N] [BYTES]", "examine memory", cmd_x);

/* ---- symbols -------------------------------------------------------------------------------- */

static int list_symbols(const char *pattern)
{
	size_t count = symbol_count(), found = 0;

	for (size_t i = 0; i < count; i++) {
		struct symbol sym;

		symbol_get(i, &sym);
		if (!glob_match(pattern, sym.name))
			continue;
		if (con_break())
			return -EINTR;
		con_printf("%016lx %6lu %s\n", sym.addr, sym.size, sym.name);
		found++;
	}
	return found ? 0 : -ENOENT;
}

static int cmd_sym(int argc, char **argv)
{
	unsigned long addr;
	struct symbol sym;

	if (argc != 2)
		return -EINVAL;
	if (strchr(argv[1], '*') || strchr(argv[1], '?') || symbol_named(argv[1], &sym))
		return list_symbols(argv[1]);
	if (parse_address(argv[1], &addr) || !symbol_at(addr, &sym))
		return -ENOENT;
	con_printf("%016lx is %s+0x%lx/0x%lx\n", addr, sym.name, addr - sym.addr, sym.size);
	return 0;
}
COMMAND("sym", "ADDR|NAME|PATTERN", "name of an address, or address and size of a name", cmd_sym);
