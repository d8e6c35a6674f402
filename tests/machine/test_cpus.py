"""What Teak says of its CPUs, against what QEMU says: ids, places, states; and the parameters about them."""

import os
import re

import pytest
from machine import Machine

# -smp of some machines whose APIC ids have holes: 3 cores need two bits. QEMU tells Intel CPUs alone of their dies.
SHAPES = [
    ("tcg", {"SMP": "6,sockets=2,cores=3,threads=1"}),
    ("tcg", {"SMP": "12,sockets=2,cores=3,threads=2", "CPU": "qemu64"}),
    ("tcg", {"SMP": "20,sockets=2,dies=2,cores=5,threads=1", "CPU": "max,vendor=GenuineIntel"}),
    ("kvm", {"SMP": "6,sockets=2,cores=3,threads=1", "KVM": "host"}),
    ("kvm", {"SMP": "12,sockets=2,cores=3,threads=2", "KVM": "host"}),
]
HAVE_KVM = os.access("/dev/kvm", os.R_OK | os.W_OK)
ONLINE = "online"
NOT_STARTED = "present, not started"


def cpus(teak):
    """`cpus` as a list of dicts, ordered by CPU number, and its last line."""
    head, *rows, last = teak.command("cpus").splitlines()
    assert head.split() == "CPU APIC id ACPI uid package die core thread state".split()
    table = []
    for row in rows:
        fields = row.split(None, 7)
        numbers = [int(field) for field in fields[:7]]
        names = ("cpu", "apicid", "uid", "package", "die", "core", "thread")
        table.append({**dict(zip(names, numbers)), "state": fields[7]})
    return table, last


def qemu_cpus(teak):
    """The same from QMP, ordered by APIC id."""
    table = []
    for slot in teak.qmp.run("query-hotpluggable-cpus"):
        if "qom-path" in slot:
            props = slot["props"]
            apicid = teak.qmp.run("qom-get", path=slot["qom-path"], property="apic-id")
            table.append({"apicid": apicid, "package": props["socket-id"],
                          "die": props.get("die-id", 0), "core": props["core-id"],
                          "thread": props["thread-id"]})
    return sorted(table, key=lambda cpu: cpu["apicid"])


@pytest.mark.parametrize("accel, shape", SHAPES, ids=[f"{a}-{s['SMP']}" for a, s in SHAPES])
def test_ids_and_places(accel, shape):
    if accel == "kvm" and not HAVE_KVM:
        pytest.skip("this host has no /dev/kvm that may be opened")
    with Machine(kind=accel, **shape) as teak:
        ours, _ = cpus(teak)
        theirs = qemu_cpus(teak)
        assert len(theirs) == len(teak.qmp.run("query-cpus-fast"))
    assert [cpu["cpu"] for cpu in ours] == list(range(len(theirs)))
    assert [cpu["uid"] for cpu in ours] == list(range(len(theirs)))
    assert [{key: cpu[key] for key in theirs[0]} for cpu in ours] == theirs


def test_the_boot_cpu_is_online_and_all_others_are_there():
    with Machine(SMP="4") as teak:
        ours, last = cpus(teak)
    assert ours[0]["state"] == ONLINE
    assert {cpu["state"] for cpu in ours[1:]} <= {ONLINE, NOT_STARTED}
    assert "4 present, 4 possible" in last


def test_maxcpus_and_nosmp():
    for parameter, started in ("maxcpus=2", 2), ("nosmp", 1), ("maxcpus=0", 1):
        with Machine(parameter, SMP="4") as teak:
            ours, last = cpus(teak)
        assert [cpu["state"] for cpu in ours[started:]] == [NOT_STARTED + ": maxcpus"] * (4 - started)
        assert "4 present" in last


def test_empty_slots_are_reported():
    """QEMU lists the CPUs that could be plugged in as disabled."""
    with Machine(SMP="2,maxcpus=5") as teak:
        ours, _ = cpus(teak)
        log = teak.output
        madt = teak.command("acpi madt")
    assert len(ours) == 2
    assert "3 CPUs disabled by the firmware (APIC id 2, ...)" in log
    assert len(re.findall(r"(?m)^ +\d+ +\d+  disabled$", madt)) == 3


def test_without_acpi():
    with Machine(SMP="3", QEMU_ARGS="-no-acpi") as teak:
        _, row, last = teak.command("cpus").splitlines()
        assert "no MADT: one CPU" in teak.output
    assert row.split() == ["0", "0", "-", "0", "0", "0", "0", ONLINE]
    assert last.startswith("1 online, 1 present, 1 possible")


def test_clearcpuid():
    """Features that are taken away are not used: CR4 is QEMU's word for it."""
    def cr4(teak):
        return int(re.search(r"CR4=([0-9a-f]+)", teak.qmp.hmp("info registers"))[1], 16)

    smep, smap = 1 << 20, 1 << 21
    with Machine("clearcpuid=smap") as teak:
        assert cr4(teak) & smep and not cr4(teak) & smap
        features = teak.command("cpuid").split()
        assert "smep" in features and "smap" not in features
    with Machine("clearcpuid=smap,bogus") as teak:  # all or nothing, and it says which
        assert cr4(teak) & smap
        assert 'no CPU feature is called "bogus"' in teak.output


def test_tables_in_words():
    with Machine(MACHINE="q35", QEMU_ARGS="-object memory-backend-ram,id=a,size=128M "
                 "-object memory-backend-ram,id=b,size=128M "
                 "-numa node,memdev=a,cpus=0 -numa node,memdev=b,cpus=1", SMP="2") as teak:
        assert "I/O APIC 0 at 0xfec00000" in teak.command("acpi madt")
        assert "HPET 0 at 0xfed00000" in teak.command("acpi hpet")
        assert "segment 0, buses 0 to 255, at 0xb0000000" in teak.command("acpi mcfg")
        srat = teak.command("acpi srat")
        assert "domain 1: CPU with APIC id 1" in srat
        assert "domain 1: memory 0x8000000 to 0xfffffff" in srat
        assert "PM timer: port 0x608" in teak.command("acpi fadt")
        assert "usage" in teak.command("acpi nonsense")


def test_a_cpu_that_differs_is_reported():
    """... and it starts all the same: CR4 gets no bit that it does not know."""
    odd = "-device max-x86_64-cpu,socket-id=0,die-id=0,core-id=3,thread-id=0,smap=off,fsgsbase=off"
    with Machine("clearcpuid=umip", SMP="2,maxcpus=4", QEMU_ARGS=odd) as teak:
        shown = teak.command("cpus").splitlines()
        assert "CPU 2 is not like the boot CPU: lacks fsgsbase smap" in teak.output
    assert shown[3].split()[:2] == ["2", "3"] and shown[3].endswith(ONLINE)
    assert shown[4].strip() == "lacks fsgsbase smap"
