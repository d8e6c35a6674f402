"""What QEMU sees in Teak's page tables: the kernel's word about W^X is not enough."""

import re

import pytest
from machine import Machine, symbols

PAGE = 4096


def mappings(teak):
    """(virtual address, flags) of every mapping, as the walk of QEMU's `info tlb` finds them."""
    # 0000ffff80000000: 0000000000100000 XG-DA---W
    rows = re.findall(r"(?m)^([0-9a-f]{16}): ([0-9a-f]{16}) ([A-Z-]{9})", teak.qmp.hmp("info tlb"))
    assert rows
    return [(int(virtual, 16), set(flags) - {"-"}) for virtual, _, flags in rows]


@pytest.fixture(scope="module", params=["max", "qemu64"])
def teak(request):
    with Machine(CPU=request.param) as machine:
        yield machine


def test_nothing_is_writable_and_executable(teak):
    assert not [f"{va:016x}" for va, flags in mappings(teak) if "W" in flags and "X" not in flags]


def test_nothing_is_open_to_ring_3(teak):
    assert not [f"{va:016x}" for va, flags in mappings(teak) if "U" in flags]


def test_the_low_half_is_empty(teak):
    """Page 0 and the identity mapping of the first instructions are gone."""
    assert not [f"{va:016x}" for va, _ in mappings(teak) if va < 1 << 47]


def test_info_mem_agrees(teak):
    """The same from QEMU's other walk, which shows ranges: no user ranges, nothing low."""
    answer = teak.qmp.hmp("info mem")
    ranges = re.findall(r"(?m)^([0-9a-f]+)-[0-9a-f]+ [0-9a-f]+ (.)", answer)
    assert ranges, answer
    for start, user in ranges:
        assert user == "-" and int(start, 16) >= 1 << 47, f"{start} is {user}"


def test_the_image_has_the_permissions_of_its_segments(teak):
    """text r-x, rodata r--, data rw-, each page of it; XD is QEMU's X. What only the boot needed is gone."""
    table = symbols()
    flags_of = dict(mappings(teak))

    def pages(start, end):
        for address in range(table[start], table[end], PAGE):
            page = flags_of.get(address)
            if page is None:  # part of a large page
                page = flags_of[address & ~0x1FFFFF]
            yield address, page

    for address, flags in pages("__text_start", "__text_end"):
        assert "W" not in flags and "X" not in flags, f"{address:x} {flags}"
    for address, flags in pages("__text_segment_end", "__rodata_end"):
        assert "W" not in flags and "X" in flags, f"{address:x} {flags}"
    for address, flags in pages("__data_start", "__initdata_start"):
        assert "W" in flags and "X" in flags, f"{address:x} {flags}"
    for part in ("inittext", "initdata"):
        for address in range(table[f"__{part}_start"], table[f"__{part}_end"], PAGE):
            assert address not in flags_of, f"{part} at {address:x} is still mapped"


def test_each_stack_lies_between_guard_pages(teak):
    table = symbols()
    mapped = {virtual for virtual, _ in mappings(teak)}
    tops = {name: top for name, top in table.items() if name.endswith("_stack_top")}
    assert len(tops) == 5, tops
    for name, top in tops.items():
        page = top - PAGE
        assert page in mapped, f"{name}: no stack below it"
        while page in mapped:  # stacks are some pages each; below them must be a hole
            page -= PAGE
        assert page >= table["__stacks_start"], f"{name}: no guard page below"
        assert top - page <= 17 * PAGE, f"{name}: the hole is not its own"


def test_examining_bad_addresses_is_a_message(teak):
    for address in (0, 0x1000, (1 << 64) - 1, 1 << 63, 0xFFFFFFFF80000000):
        answer = teak.command(f"x {address:#x} 4")
        assert answer, f"x {address} said nothing"
    assert teak.command("echo alive") == "alive"


def test_examining_text_shows_what_is_there(teak):
    """The monitor and QEMU read the same bytes."""
    address = symbols()["kernel_main"]
    data = teak.physical(address - 0xFFFFFFFF80000000, 16)
    shown = re.sub(r"(?m)^.*?: ", "", teak.command(f"x 0x{address:x} 16"))
    shown = " ".join(shown.replace("0x", "").split())
    as_bytes = " ".join(f"{b:02x}" for b in data)
    as_quads = " ".join(f"{int.from_bytes(data[i:i + 8], 'little'):016x}" for i in (0, 8))
    assert as_bytes in shown or as_quads in shown
