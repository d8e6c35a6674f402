#!/usr/bin/env python3
"""Check that the linked image is one that loaders accept, before a loader refuses it without a reason.

    tools/check-image.py [-v] [--bytes] build/teak.elf        -v prints the sizes too

Everything is read from the ELF file itself. Each message says what is wrong, why it matters, and where to look.
Exit status 0: fine (warnings may have been printed); 1: some loader will refuse the image or W^X is broken.
"""

import argparse
import struct
import sys

PT_LOAD, PT_NOTE = 1, 4
PF_X, PF_W = 1, 2
SHF_ALLOC = 2
SHT_SYMTAB = 2
SHT_NOBITS = 8

MB1_MAGIC, MB1_WINDOW, MB1_ALIGN = 0x1BADB002, 8192, 4
MB1_ADDRESS_FIELDS = 1 << 16
MB2_MAGIC, MB2_WINDOW, MB2_ALIGN = 0xE85250D6, 32768, 8
PVH_NOTE_TYPE, PVH_NOTE_NAME = 18, b"Xen\0"

IMAGE_MAX = 256 * 1024
SYMBOL_SECTION = ".symtab_blob"
KEEP_ADVICE = "is the section first in linker.ld's .boot, and inside KEEP()?"


class Image:
    """An ELF64 little-endian file: segments and sections as tuples with names."""

    def __init__(self, data):
        self.data = data
        if len(data) < 64 or data[:4] != b"\x7fELF":
            raise ValueError("not an ELF file")
        if data[4] != 2 or data[5] != 1:
            raise ValueError("not a 64-bit little-endian ELF file")
        (self.machine,) = struct.unpack_from("<H", data, 18)
        self.entry, phoff, shoff = struct.unpack_from("<QQQ", data, 24)
        phentsize, phnum, shentsize, shnum, shstrndx = struct.unpack_from("<HHHHH", data, 54)
        self.segments = [self._segment(phoff + i * phentsize) for i in range(phnum)]
        self.sections = [self._section(shoff + i * shentsize) for i in range(shnum)]
        if self.sections:
            strings = self.sections[shstrndx]["offset"]
            for section in self.sections:
                start = strings + section["name"]
                section["name"] = data[start : data.index(b"\0", start)].decode("ascii")

    def _segment(self, at):
        keys = ("type", "flags", "offset", "vaddr", "paddr", "filesz", "memsz", "align")
        return dict(zip(keys, struct.unpack_from("<IIQQQQQQ", self.data, at)))

    def _section(self, at):
        keys = ("name", "type", "flags", "addr", "offset", "size")
        return dict(zip(keys, struct.unpack_from("<IIQQQQ", self.data, at)))

    def loads(self):
        return [s for s in self.segments if s["type"] == PT_LOAD and s["memsz"]]

    def section_size(self, name):
        return sum(s["size"] for s in self.sections if s["name"] == name)


def find_header(data, magic, window, align, words):
    """Offset of the first header whose checksum (its last word) is right, wholly in the window; else None."""
    size = 4 * words
    for at in range(0, min(window, len(data)) - size + 1, align):
        fields = struct.unpack_from(f"<{words}I", data, at)
        if fields[0] == magic and sum(fields) & 0xFFFFFFFF == 0:
            return at
    return None


def explain_missing(image, magic, window, align):
    """Why no header was found: it is not there, too far, not aligned, or its checksum is wrong."""
    at = image.data.find(struct.pack("<I", magic))
    if at < 0:
        return f"the magic number {magic:#x} is nowhere in the file; {KEEP_ADVICE}"
    if at >= window:
        return f"it is at file offset {at}, but loaders look only at the first {window} bytes; {KEEP_ADVICE}"
    if at % align:
        return f"it is at file offset {at}, which is not a multiple of {align}"
    return f"at file offset {at} is the magic number, but the words of the header do not add up to 0: wrong checksum"


def check_multiboot1(image):
    at = find_header(image.data, MB1_MAGIC, MB1_WINDOW, MB1_ALIGN, 3)
    if at is None:
        yield "no multiboot1 header (QEMU -kernel): " + explain_missing(
            image, MB1_MAGIC, MB1_WINDOW, MB1_ALIGN
        )
        return
    (flags,) = struct.unpack_from("<I", image.data, at + 4)
    if not flags & MB1_ADDRESS_FIELDS:
        yield (
            "multiboot1 header without address fields (flag bit 16): QEMU says \"Cannot load x86-64 image, give a "
            "32bit one\". Set the bit and fill in the fields, or `objcopy -O elf32-i386`, or boot by GRUB or PVH"
        )
        return
    if at + 32 > MB1_WINDOW:
        yield f"multiboot1 address fields end at file offset {at + 32}, past {MB1_WINDOW}"
        return
    yield from check_address_fields(image, at)


def check_address_fields(image, at):
    """QEMU copies [load, load_end) from the file in one piece and clears up to bss_end."""
    header, load, load_end, bss_end, entry = struct.unpack_from("<5I", image.data, at + 12)
    first, last = image.loads()[0], image.loads()[-1]
    start = at - (header - load)
    if start != first["offset"] or load != first["paddr"]:
        yield (
            f"multiboot1 address fields: header_addr {header:#x} and load_addr {load:#x} put the start of the copy at file "
            f"offset {start:#x}, paddr {load:#x}; the first segment has {first['offset']:#x} and {first['paddr']:#x}"
        )
    if load_end < last["paddr"] + last["filesz"]:
        yield f"multiboot1 load_end_addr {load_end:#x} cuts the image, which ends at {last['paddr'] + last['filesz']:#x}"
    if bss_end < last["paddr"] + last["memsz"]:
        yield f"multiboot1 bss_end_addr {bss_end:#x} leaves .bss uncleared up to {last['paddr'] + last['memsz']:#x}"
    if not load <= entry < load_end:
        yield f"multiboot1 entry_addr {entry:#x} is outside of what is loaded"


def check_multiboot2(image):
    at = find_header(image.data, MB2_MAGIC, MB2_WINDOW, MB2_ALIGN, 4)
    if at is None:
        yield "no multiboot2 header (GRUB): " + explain_missing(image, MB2_MAGIC, MB2_WINDOW, MB2_ALIGN)
        return
    (length,) = struct.unpack_from("<I", image.data, at + 8)
    if length < 24 or at + length > MB2_WINDOW:
        yield f"multiboot2 header at file offset {at} has a length of {length}: it must end within {MB2_WINDOW}"
    elif struct.unpack_from("<HHI", image.data, at + length - 8) != (0, 0, 8):
        yield f"multiboot2 header at file offset {at} does not end with an end tag (type 0, size 8)"


def notes(image, segment):
    """(name, type, descriptor) of each note of a PT_NOTE segment."""
    at, end = segment["offset"], segment["offset"] + segment["filesz"]
    while at + 12 <= end:
        namesz, descsz, kind = struct.unpack_from("<III", image.data, at)
        name_at = at + 12
        desc_at = name_at + (namesz + 3 & ~3)
        yield image.data[name_at : name_at + namesz], kind, image.data[desc_at : desc_at + descsz]
        at = desc_at + (descsz + 3 & ~3)


def check_pvh(image):
    segments = [s for s in image.segments if s["type"] == PT_NOTE]
    found = [d for s in segments for name, kind, d in notes(image, s) if (name, kind) == (PVH_NOTE_NAME, PVH_NOTE_TYPE)]
    if not found:
        yield (
            "no PVH note (type 18, name \"Xen\") in a PT_NOTE segment: microvm, Firecracker and Cloud Hypervisor cannot "
            "start the image, and QEMU says \"Error loading uncompressed kernel without PVH ELF Note\"; is .note.pvh in KEEP()?"
        )
        return
    entry = int.from_bytes(found[0], "little")
    if len(found[0]) not in (4, 8) or not any(
        s["paddr"] <= entry < s["paddr"] + s["filesz"] and s["flags"] & PF_X for s in image.loads()
    ):
        yield f"the PVH note's entry {entry:#x} is in no executable segment (it is a physical address)"


def check_segments(image):
    loads = image.loads()
    if not loads:
        yield "no PT_LOAD segment"
        return
    constant = loads[0]["offset"] - loads[0]["paddr"]
    for s in loads:
        where = f"the segment at {s['vaddr']:#x}"
        if s["flags"] & PF_W and s["flags"] & PF_X:
            yield f"{where} is writable and executable; give its sections a segment each in linker.ld"
        if s["filesz"] and s["offset"] - s["paddr"] != constant:
            yield (
                f"{where} is at file offset {s['offset']:#x} and paddr {s['paddr']:#x}: the difference is not that of the first "
                "segment, so a multiboot1 loader, which copies the file in one piece, puts it in the wrong place. "
                "Is there an ALIGN without bytes before it, or a .bss that is not last?"
            )


def symbol_values(image, wanted):
    """Addresses of the named symbols; those that are missing are left out."""
    table = next((s for s in image.sections if s["type"] == SHT_SYMTAB), None)
    names = next((s for s in image.sections if s["name"] == ".strtab"), None)
    found = {}
    if table and names:
        for at in range(table["offset"], table["offset"] + table["size"], 24):
            name, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", image.data, at)
            start = names["offset"] + name
            text = image.data[start : image.data.index(b"\0", start)].decode("ascii")
            if text in wanted:
                found[text] = value
    return found


def sizes(image):
    """Bytes that a loader copies; of these, the symbol table and the tests; bytes of memory in all."""
    loaded = sum(s["filesz"] for s in image.loads())
    memory = sum(s["memsz"] for s in image.loads())
    ends = symbol_values(image, {f"__tests_{part}_{end}" for part in ("text", "rodata") for end in ("start", "end")})
    tests = sum(
        ends[f"__tests_{part}_end"] - ends[f"__tests_{part}_start"]
        for part in ("text", "rodata")
        if f"__tests_{part}_end" in ends
    )
    return loaded, image.section_size(SYMBOL_SECTION), tests, memory


def print_sizes(image):
    for s in image.sections:
        if s["flags"] & SHF_ALLOC and s["size"]:
            kind = " (not in the file)" if s["type"] == SHT_NOBITS else ""
            print(f"{s['name']:16} {s['addr']:#18x} {s['size']:8}{kind}")
    loaded, symbols, tests, memory = sizes(image)
    print(f"loaded {loaded} bytes: kernel {loaded - symbols - tests}, tests {tests}, symbols {symbols}; in memory {memory}")


def main():
    parser = argparse.ArgumentParser(description="Check that loaders will accept the image.")
    parser.add_argument("-v", action="store_true", help="print the sizes")
    parser.add_argument("--bytes", action="store_true", help="print two figures: kernel without symbols and tests, and with its tests")
    parser.add_argument("image")
    args = parser.parse_args()
    with open(args.image, "rb") as file:
        data = file.read()
    try:
        image = Image(data)
        checks = (check_segments, check_multiboot1, check_multiboot2, check_pvh)
        problems = [message for check in checks for message in check(image)]
    except (ValueError, IndexError, struct.error) as error:
        sys.exit(f"{args.image}: cut short or damaged: {error}")

    for message in problems:
        print(f"{args.image}: {message}", file=sys.stderr)
    loaded, symbols, tests, _ = sizes(image)
    kernel = loaded - symbols - tests
    if args.bytes:
        print(kernel, loaded - symbols)
    if kernel > IMAGE_MAX:
        print(
            f"{args.image}: warning: {kernel} bytes without symbols and tests, the aim is {IMAGE_MAX}",
            file=sys.stderr,
        )
    if args.v:
        print_sizes(image)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
