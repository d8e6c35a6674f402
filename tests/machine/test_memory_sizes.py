"""Machines from 32 MiB to 900 GiB: the page allocator passes its tests, keeps W^X, keeps little for
itself, and the boot costs no more where there is more memory. More than the host has is no problem:
what is never touched needs no room."""

import re

import pytest
from machine import Machine

MIB = 1 << 20
UNIT = {"M": MIB, "G": MIB << 10}


def shape(memory):
    """Machine()'s knobs for a machine with this much memory."""
    if memory[-1] == "M" or int(memory[:-1]) < 16:
        return {"MEM": memory}
    return {
        "MEM": memory,
        "CPU": "max,phys-bits=46",
        "MACHINE": "q35,memory-backend=ram",
        "QEMU_ARGS": f"-object memory-backend-ram,id=ram,size={memory},reserve=off",
    }


@pytest.fixture(scope="module", params=["32M", "64M", "512M", "4G", "8G", "64G", "900G"])
def teak(request):
    with Machine(**shape(request.param)) as machine:
        yield machine


def kib(teak, name):
    """A line of `mem`, in KiB."""
    answer = teak.command("mem")
    line = re.search(rf"(?m)^{name}: +([0-9]+) kB$", answer)
    assert line, answer
    return int(line.group(1))


def ram(teak):
    """What QEMU says it gave."""
    return teak.qmp.run("query-memory-size-summary")["base-memory"]


def test_the_kernel_keeps_little_for_itself(teak):
    """At most 1 % and 1 MiB. 32 and 64 MiB are for booting: there the image alone is more."""
    size = ram(teak)
    kept = size - kib(teak, "MemFree") * 1024
    assert kept <= size // 100 + (1 if size >= 512 * MIB else 2) * MIB, f"{kept} of {size}"


def test_free_memory_is_free_memory(teak):
    """The numbers agree with each other, and with the lists that they count."""
    answer = teak.command("buddy")
    rows = re.findall(r"(?m)^  (DMA|DMA32|Normal) +(\d+) +(\d+) +(\d+) +(\d+) +\d+ +\d+$", answer)
    assert rows, answer
    managed = sum(int(row[1]) for row in rows)
    free = sum(int(number) for row in rows for number in row[2:])
    assert managed * 4 == kib(teak, "MemTotal")
    assert free <= managed and abs(free * 4 - kib(teak, "MemFree")) < 1024
    blocks = re.findall(r"(?m)^  (DMA|DMA32|Normal) ((?: +\d+){11})$", answer.split("unusable")[0])
    for (_, _, on_lists, _, _), (_, counts) in zip(rows, blocks):
        assert sum(int(n) << order for order, n in enumerate(counts.split())) == int(on_lists)


@pytest.mark.parametrize("suite", ["buddy", "page_alloc", "paging", "initmem"])
def test_suite(teak, suite):
    answer = teak.command(f"test {suite}", 120)
    assert re.search(r"(?m)^# passed [1-9]\d* failed 0 ", answer), answer


def test_every_zone_is_sound_after_that(teak):
    answer = teak.command("buddy check")
    assert re.fullmatch(r"(zone \w+: 0 violations\n?)+", answer), answer


def test_no_mapping_is_writable_and_executable_or_open_to_ring_3(teak):
    rows = re.findall(r"(?m)^([0-9a-f]{16}): [0-9a-f]{16} ([A-Z-]{9})", teak.qmp.hmp("info tlb"))
    assert rows
    assert not [va for va, flags in rows if "U" in flags]
    assert not [va for va, flags in rows if "W" in flags and "X" not in flags]
    ranges = re.findall(r"(?m)^[0-9a-f]+-[0-9a-f]+ [0-9a-f]+ (.)", teak.qmp.hmp("info mem"))
    assert ranges and set(ranges) == {"-"}


def boot_cost(memory):
    """Instructions from the first to the prompt, exact under icount."""
    knobs = shape(memory)
    knobs.setdefault("MACHINE", "q35")
    knobs.setdefault("CPU", "max,phys-bits=46")
    knobs["QEMU_ARGS"] = knobs.get("QEMU_ARGS", "") + " -icount shift=0,sleep=off"
    with Machine("quiet bench=boot", prompt=False, options=["--no-reboot"], **knobs) as teak:
        return int(teak.expect(r"bench: boot (\d+) instructions").group(1))


def test_boot_cost_does_not_grow_with_memory():
    small = boot_cost("256M")
    for memory in ("8G", "64G", "900G"):
        assert boot_cost(memory) <= small * 1.1, f"{memory}: more than 10 % over {small}"


@pytest.mark.parametrize("suite", ["page", "slab", "vmalloc"])
def test_allocations_that_fail_on_purpose_do_no_harm(suite):
    """fail_alloc=: the next one fails, and one in three; the prompt answers and memory is all there."""
    for spec in (f"{suite}/0/1", f"{suite}/3/0"):
        with Machine(f"fail_alloc={spec}") as teak:
            assert teak.command("echo alive") == "alive"
            assert "MemFree" in teak.command("mem")
    with Machine(f"fail_alloc={suite}/nonsense") as teak:
        assert "fail_alloc" in teak.command("dmesg")


def test_damage_is_a_panic_if_asked_for():
    with Machine("panic_on_oops=1 panic=exit", options=["--no-reboot"]) as teak:
        teak.send("test page_alloc.freeing_twice_is_reported\r")
        said, status = teak.last_words()
        assert status == 37, said
        assert "panic_on_oops" in said
