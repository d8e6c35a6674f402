#!/usr/bin/env python3
"""Check that nothing that stays refers to what is given back at the end of the boot (Linux: modpost's section mismatch).

    tools/check-init.py OBJECT.o...

Code and data in .init.* may refer to anything. Everything else that refers to them is code that would call, or data
that would point into, memory that by then belongs to somebody else. The exceptions are named here with the reason.
Exit status 0: fine; 1: a reference was found.
"""

import struct
import sys

SHT_SYMTAB, SHT_RELA = 2, 4
SHF_ALLOC = 2
STB_LOCAL, STT_SECTION = 0, 3
SHN_LORESERVE = 0xFF00

# (object's end, section's start): why its references are harmless.
ALLOWED = {
    ("kernel/main.o", ".rodata.steps"): "the list of what starts: run_steps() is the only reader",
    ("kernel/main.o", ".text.kernel_main"): "calls run_steps() before it calls free_initmem()",
}
# Made by the compiler for the functions themselves: jump tables, constants of local variables, fix-ups. What has a name
# in the source is in a section of its own (-fdata-sections).
COMPILERS = (".rodata", ".rodata..L", ".rodata..init", "__ex_table")


class Object:
    """The sections, symbols and relocations of a 64-bit little-endian ELF object."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self.data = file.read()
        (shoff,) = struct.unpack_from("<Q", self.data, 40)
        entsize, count, names = struct.unpack_from("<HHH", self.data, 58)
        self.sections = [
            struct.unpack_from("<IIQQQQIIQQ", self.data, shoff + i * entsize) for i in range(count)
        ]
        strings = self.sections[names]
        self.names = [self.string(strings, s[0]) for s in self.sections]
        self.symbols = self.read_symbols()

    def string(self, table, offset):
        start = table[4] + offset
        return self.data[start : self.data.index(b"\0", start)].decode()

    def read_symbols(self):
        """(name, is local, section's name or "") by index."""
        symbols = []
        for section in self.sections:
            if section[1] != SHT_SYMTAB:
                continue
            strings = self.sections[section[6]]
            for at in range(section[4], section[4] + section[5], 24):
                name, info, _, shndx = struct.unpack_from("<IBBH", self.data, at)
                home = self.names[shndx] if 0 < shndx < SHN_LORESERVE else ""
                text = home if info & 15 == STT_SECTION else self.string(strings, name)
                symbols.append((text, info >> 4 == STB_LOCAL, home))
        return symbols

    def references(self):
        """(section that refers, symbol) for what the program loads; debug information may name anything."""
        for section in self.sections:
            if section[1] != SHT_RELA or not self.sections[section[7]][2] & SHF_ALLOC:
                continue
            for at in range(section[4], section[4] + section[5], 24):
                (info,) = struct.unpack_from("<Q", self.data, at + 8)
                yield self.names[section[7]], self.symbols[info >> 32]


def is_init(section):
    return section.startswith(".init.")


def allowed(path, section):
    if section in COMPILERS or any(section.startswith(name) for name in COMPILERS[1:]):
        return True
    return any(path.endswith(end) and section.startswith(start) for end, start in ALLOWED)


def mismatches(objects):
    gone = {name for o in objects for name, local, home in o.symbols if not local and is_init(home)}
    for o in objects:
        seen = set()
        for section, (name, local, home) in o.references():
            target = is_init(home) or (not local and name in gone)
            if not target or is_init(section):
                continue
            if not allowed(o.path, section) and (section, name) not in seen:
                seen.add((section, name))
                yield f"{o.path}: {section} refers to {name}, which is __init: it is gone after the boot"


def main():
    found = list(mismatches([Object(path) for path in sys.argv[1:]]))
    for message in found:
        print(message, file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
