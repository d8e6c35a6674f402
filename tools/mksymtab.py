#!/usr/bin/env python3
"""Turn the output of `nm -n` into the kernel's own symbol table, as NASM source on standard output.

    nm -n build/pass1.elf | tools/mksymtab.py -        /dev/null gives an empty table

The table (read by lib/symtab.c) has three parts: the address of each symbol as an offset of 32 bits,
ascending; the names, one after the other, each ended by NUL; and for every BLOCK-th symbol where in
the names it starts. That is about four bytes and a name a symbol, and a name is still a C string.

Its size depends on the names alone, never on addresses, so that the link settles in three passes.
"""

import re
import sys

KERNEL_MAP = 0xFFFFFFFF80000000
BLOCK = 16  # as in lib/symtab.c

TEXT_AND_DATA = set("tTwWvVdDbBrR")
# Parts that gcc and clang make of one function keep their names: f.part.0, f.constprop.1, f.cold, f.llvm.7.
FUNCTION_PART = re.compile(r"(\.(part|constprop|isra|cold|llvm|lto_priv)(\.\d+)*)+$")
# Objects of the registries and one-shot flags: many, and never looked at.
NOISE = re.compile(
    r"__(param|command|test|suite|bench)_|__reg_|_warned\.|__func__\.|__PRETTY_FUNCTION__|\$|L|\.L|str\.|switch\.table"
)


def wanted(kind, name):
    if kind not in TEXT_AND_DATA or NOISE.match(name):
        return False
    if "." not in name:
        return True
    if kind in "dDbBrR":
        return re.fullmatch(r"[^.]+(\.\d+)?", name) is not None  # a static variable in a function
    return FUNCTION_PART.search(name) is not None  # else a local label of NASM: `function.label`


def read_symbols(lines):
    """Sorted [(offset, name)] of the higher-half symbols worth a name."""
    symbols = []
    for line in lines:
        fields = line.split()
        if len(fields) != 3:
            continue
        address, kind, name = int(fields[0], 16), fields[1], fields[2]
        if address >= KERNEL_MAP and wanted(kind, name):
            symbols.append((address - KERNEL_MAP, name))
    # Of several names for one address the last is found: a function's rather than the linker script's.
    return sorted(symbols, key=lambda s: (s[0], not s[1].startswith("__"), s[1]))


def emit(symbols, out):
    def words(label, values):
        out.write(f"{label}:\n")
        for i in range(0, len(values), 8):
            out.write("\tdd " + ", ".join(f"{v:#x}" for v in values[i : i + 8]) + "\n")

    starts, position = [], 0
    for i, (_, name) in enumerate(symbols):
        if i % BLOCK == 0:
            starts.append(position)
        position += len(name) + 1

    out.write("; Made by tools/mksymtab.py. Not to be edited.\n")
    out.write("\tglobal symtab_count, symtab_offsets, symtab_blocks, symtab_names\n")
    out.write("\tsection .symtab_blob progbits alloc noexec nowrite align=8\n")
    out.write(f"symtab_count:\n\tdd {len(symbols)}\n")
    words("symtab_offsets", [offset for offset, _ in symbols])
    words("symtab_blocks", starts)
    out.write("symtab_names:\n")
    for _, name in symbols:
        out.write(f'\tdb "{name}", 0\n')


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: mksymtab.py FILE      (the output of nm -n; - is standard input)")
    if sys.argv[1] == "-":
        symbols = read_symbols(sys.stdin)
    else:
        with open(sys.argv[1], encoding="ascii") as file:
            symbols = read_symbols(file)
    emit(symbols, sys.stdout)


if __name__ == "__main__":
    main()
