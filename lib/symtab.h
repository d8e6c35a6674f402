/*
 * The kernel's own symbol table, linked in by a second pass (tools/mksymtab.py),
 * so that a backtrace has names. Lock-free, read-only, cannot fault: safe in NMI
 * and in a panic (Linux: kallsyms).
 */
#ifndef LIB_SYMTAB_H
#define LIB_SYMTAB_H

#include <lib/types.h>

/* From here on %pS and %ps print names. Boot. */
void symtab_init(void);

struct symbol {
	unsigned long addr;
	unsigned long size; /* up to the next symbol when the compiler gave none */
	const char *name;
};

/* The symbol that contains addr (text or data of the image). false: none does. */
bool symbol_at(unsigned long addr, struct symbol *sym);
/* The symbol with exactly this name. */
bool symbol_named(const char *name, struct symbol *sym);
/* Number of symbols; i-th in address order, for `sym` with a pattern. */
size_t symbol_count(void);
void symbol_get(size_t i, struct symbol *sym);

#endif
