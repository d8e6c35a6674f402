/*
 * Names for addresses, from the table that tools/mksymtab.py made of the linked
 * image: offsets in ascending order, names as C strings one after the other, and where
 * every sixteenth name starts.
 *
 * Invariant: the table is read-only, and every index is checked before it is used, so
 * that a lookup is safe in an NMI, in a panic, and with a table of no symbols (the first link pass).
 * Linux: kernel/kallsyms.c, which also compresses the names.
 */
#include <lib/string.h>
#include <lib/symtab.h>
#include <lib/vsprintf.h>

#define BLOCK	    16 /* as in tools/mksymtab.py */
/* What the offsets count from: the start of the kernel's 2 GiB (KERNEL_MAP on a higher floor). */
#define SYMTAB_BASE 0xffffffff80000000UL

extern const u32 symtab_count;
extern const u32 symtab_offsets[], symtab_blocks[];
extern const char symtab_names[];
extern const char __kernel_start[], __kernel_end[];

static unsigned long address(size_t i)
{
	return SYMTAB_BASE + symtab_offsets[i];
}

/* From the start of the block, past the names before it. */
static const char *name_of(size_t i)
{
	const char *name = symtab_names + symtab_blocks[i / BLOCK];

	for (size_t skip = i % BLOCK; skip; skip--)
		name += strlen(name) + 1;
	return name;
}

size_t symbol_count(void)
{
	return symtab_count;
}

/* Up to the next symbol with another address, or the end of the image. */
static unsigned long size_of(size_t i)
{
	unsigned long addr = address(i);

	for (size_t next = i + 1; next < symtab_count; next++)
		if (address(next) != addr)
			return address(next) - addr;
	return (unsigned long)__kernel_end - addr;
}

void symbol_get(size_t i, struct symbol *sym)
{
	*sym = (struct symbol){.name = ""};
	if (i >= symtab_count)
		return;
	sym->addr = address(i);
	sym->size = size_of(i);
	sym->name = name_of(i);
}

/* How many symbols start at or below addr. */
static size_t count_up_to(unsigned long addr)
{
	size_t low = 0, high = symtab_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address(middle) <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool symbol_at(unsigned long addr, struct symbol *sym)
{
	size_t n;

	if (addr < (unsigned long)__kernel_start || addr >= (unsigned long)__kernel_end)
		return false;
	n = count_up_to(addr);
	if (!n)
		return false;
	symbol_get(n - 1, sym);
	return true;
}

bool symbol_named(const char *wanted, struct symbol *sym)
{
	const char *name = symtab_names;

	for (size_t i = 0; i < symtab_count; i++) {
		if (!strcmp(name, wanted)) {
			symbol_get(i, sym);
			return true;
		}
		name += strlen(name) + 1;
	}
	return false;
}

/* For %pS and %ps. An address outside the image is printed as a number. */
static int format_symbol(char *buf, size_t size, unsigned long addr, bool with_offset)
{
	struct symbol sym;

	if (!symbol_at(addr, &sym))
		return snprintf(buf, size, "0x%lx", addr);
	if (!with_offset)
		return snprintf(buf, size, "%s", sym.name);
	return snprintf(buf, size, "%s+0x%lx/0x%lx", sym.name, addr - sym.addr, sym.size);
}

void symtab_init(void)
{
	vsprintf_symbol = format_symbol;
}
