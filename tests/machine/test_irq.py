"""Interrupts from outside: who gets what is typed, what the chips say of it, NMIs; on each kind of interrupt controller."""

import os
import re

import pytest
from machine import Machine

HAVE_KVM = os.access("/dev/kvm", os.R_OK | os.W_OK)
STATS = {"NMI", "RES", "CAL", "SPU", "ERR", "STR"}


def irqs(teak):
    """`irq` as {label: (counts, words)}; and how many columns there are."""
    head, *rows = teak.command("irq").splitlines()
    columns = len(head.split())
    table = {}
    for row in rows:
        label, rest = row.split(":", 1)
        fields = rest.split(None, columns)
        table[label.strip()] = [int(n) for n in fields[:columns]], fields[columns]
    return table, columns


def redirection(teak, pin):
    """(destination, vector, masked) of a pin of the first I/O APIC, as QEMU has it."""
    text = teak.qmp.hmp("info pic")
    line = re.search(rf"pin {pin} +0x[0-9a-f]+ dest=(\d+) vec=(\d+) +(.*)", text)
    return int(line[1]), int(line[2]), "masked" in line[3]


SHAPES = [
    ("pc", {"SMP": "2"}, "", "IO-APIC"),
    ("q35", {"SMP": "2", "MACHINE": "q35"}, "", "IO-APIC"),
    ("microvm", {"MACHINE": "microvm"}, "", "IO-APIC"),
    ("noapic", {"SMP": "2"}, "noapic", "i8259"),
    ("no-acpi", {"MACHINE": "pc,acpi=off"}, "", "i8259"),
    ("kvm", {"SMP": "2", "KVM": "host"}, "", "IO-APIC"),
    ("kvm-noapic", {"KVM": "host"}, "noapic", "i8259"),
]


@pytest.mark.parametrize("name, knobs, cmdline, chip", SHAPES, ids=[shape[0] for shape in SHAPES])
def test_typing_interrupts(name, knobs, cmdline, chip):
    kind = "kvm" if "KVM" in knobs else "tcg"
    if kind == "kvm" and not HAVE_KVM:
        pytest.skip("this host has no /dev/kvm that may be opened")
    with Machine(cmdline, kind=kind, **knobs) as teak:
        assert "input by interrupt" in teak.command("serial")
        before, _ = irqs(teak)
        assert "x" * 40 in teak.command("echo " + "x" * 40)
        after, _ = irqs(teak)
        counts, words = after["4"]
        assert words.startswith(f"{chip} 4-edge") and words.endswith("ttyS0")
        assert counts[0] > before["4"][0][0]
        assert STATS <= set(after)
        if name == "microvm":
            return  # it has no keyboard
        teak.press("echo key\n")
        teak.expect(r"\nkey")
        teak.wait_prompt()
        keys, _ = irqs(teak)
        assert keys["1"][0][0] >= after["1"][0][0] + 2 * len("echo key\n")  # down and up


def test_the_8259_is_quiet_behind_an_io_apic():
    with Machine() as teak:
        text = teak.qmp.hmp("info pic")
        assert re.search(r"pic0: .*imr=ff", text) and re.search(r"pic1: .*imr=ff", text)
        lvt = teak.qmp.hmp("info lapic")
        assert re.search(r"LVT0.*masked", lvt)
        assert re.search(r"LVT1.*NMI", lvt) and not re.search(r"LVT1.*masked", lvt)
    with Machine("noapic") as teak:
        assert re.search(r"pic0: .*irr=.. imr=..", teak.qmp.hmp("info pic"))
        assert re.search(r"LVT0.*ExtINT", teak.qmp.hmp("info lapic"))


def test_every_cpu_has_the_nmi_pin():
    with Machine(SMP="3") as teak:
        for cpu in range(3):
            teak.qmp.hmp(f"cpu {cpu}")
            assert re.search(r"LVT1\s+0x00000400", teak.qmp.hmp("info lapic"))
        teak.qmp.run("inject-nmi")
        teak.expect(r"NMI: ")
        teak.send("irq\r")
        teak.expect(r"NMI: +1 +1 +1  non-maskable")


def test_a_line_moves():
    """The serial line goes round the CPUs while we type; QEMU's table and Teak's counts agree."""
    with Machine(SMP="3") as teak:
        ids = [int(row.split()[1]) for row in teak.command("cpus").splitlines()[1:4]]
        for cpu in (1, 2, 0, 2, 1):
            before, _ = irqs(teak)
            assert teak.command(f"irq 4 {cpu}") == ""
            assert teak.command("echo " + "y" * 30) == "y" * 30
            after, _ = irqs(teak)
            dest, vector, masked = redirection(teak, 4)
            assert (dest, masked) == (ids[cpu], False)
            assert f"CPU {cpu} vector {vector} " in after["4"][1]
            assert after["4"][0][cpu] > before["4"][0][cpu]
            grown = [a - b for a, b in zip(after["4"][0], before["4"][0])]
            assert sum(grown) >= grown[cpu] >= sum(grown) // 3
        assert after["STR"][0] == [0, 0, 0]
        teak.press("echo key\n")  # the keyboard's line is where it was
        teak.expect(r"\nkey")


def test_moves_that_cannot_be():
    with Machine(SMP="2") as teak:
        assert "CPU 5 is not online" in teak.command("irq 4 5")
        assert "usage" in teak.command("irq 4 x")
        assert "usage" in teak.command("irq 999 0")
        assert "usage" in teak.command("irq 2 0")  # line 0 is where its pin would be
    with Machine("noapic", SMP="2") as teak:
        assert "wired to the boot CPU" in teak.command("irq 4 1")


def test_many_cpus_have_a_total():
    with Machine(SMP="12") as teak:
        assert teak.command("irq 4 11") == ""
        assert teak.command("echo zzz") == "zzz"
        head = teak.command("irq").splitlines()[0].split()
        table, _ = irqs(teak)
    assert head == [f"CPU{n}" for n in range(8)] + ["total"]
    counts = table["4"][0]
    assert counts[8] > sum(counts[:8])
