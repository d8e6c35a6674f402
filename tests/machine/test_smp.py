"""Machines with several CPUs from outside: shapes, CPUs that stay away, parameters, and a panic on any of them."""

import re

import pytest
from machine import Machine

PANICKED = 37
# A CPU that does not come is waited for twice, a second each time.
LOSSES = {
    "2": "none, it does not answer",
    "1:none": "none, it does not answer",
    "3:c": "C code",
    "1:tables": "descriptor tables",
    "2:apic": "local APIC",
    "3:inits": "subsystems",
}


def states(teak):
    """The last column of `cpus`, by CPU number, and the last line."""
    _, *rows, last = teak.command("cpus").splitlines()
    return [row.split(None, 7)[7] for row in rows], last


@pytest.mark.parametrize("shape", ["1", "2", "3", "6,sockets=2,cores=3,threads=1", "64", "255"])
def test_all_come_up(shape):
    count = int(shape.split(",")[0])
    with Machine(SMP=shape, MACHINE="q35", options=["--no-reboot"]) as teak:
        online, last = states(teak)
        assert online == ["online"] * count
        assert last.startswith(f"{count} online, {count} present")
        if count > 1:
            assert f"smp: {count} CPUs online" in teak.output
        table = teak.command("ipi").splitlines()
        assert [int(row.split()[0]) for row in table[1:]] == list(range(count))
        assert teak.command("echo alive") == "alive"


def test_255_call_each_other():
    with Machine("test=smp* panic=exit", SMP="255", MACHINE="q35", prompt=False, limit=400) as teak:
        said, _ = teak.last_words(400)
    assert re.search(r"# passed \d+ failed 0 ", said), said[-3000:]


@pytest.mark.parametrize("lose", LOSSES)
def test_a_cpu_that_does_not_come_up(lose):
    """It is named with the last stage that it reached, and the boot goes on with the others."""
    cpu = int(lose[0])
    with Machine(f"smp_debug_lose={lose}", SMP="4") as teak:
        reports = re.findall(r"smp: CPU (\d+) \(APIC id \d+\) did not come up; last stage: (.*)", teak.output)
        assert [(int(number), stage.strip()) for number, stage in reports] == [(cpu, LOSSES[lose])]
        assert "smp: 3 CPUs online" in teak.output
        state, last = states(teak)
        assert [s == "online" for s in state] == [number != cpu for number in range(4)]
        assert last.startswith("3 online, 4 present")
        assert "# passed" in teak.command("test smp.others_and_all")  # the three do work together
        assert teak.command("echo alive") == "alive"


@pytest.mark.parametrize("value", ["", "0", "x", "1024", "1:", "1:nowhere", "-1"])
def test_bad_losses_are_refused(value):
    with Machine(f"smp_debug_lose={value}", SMP="2") as teak:
        assert "boot parameter smp_debug_lose: " in teak.output
        assert "smp: 2 CPUs online" in teak.output


@pytest.mark.parametrize("parameter, started", [("maxcpus=2", 2), ("maxcpus=3", 3), ("maxcpus=1", 1),
                                                ("maxcpus=99", 4), ("nosmp", 1)])
def test_fewer_on_request(parameter, started):
    with Machine(parameter, SMP="4") as teak:
        state, last = states(teak)
    assert [s == "online" for s in state] == [number < started for number in range(4)]
    assert last.startswith(f"{started} online, 4 present")


def test_no_more_than_memory_allows():
    """A CPU needs stacks: some do not start, the rest do, and half of the memory is left to work with."""
    with Machine(SMP="255", MACHINE="q35", MEM="20M") as teak:
        refused = re.search(r"no memory to start CPU (\d+) and those after it", teak.output)
        assert refused, teak.output
        _, last = states(teak)
        assert last.startswith(f"{refused[1]} online, 255 present")
        assert int(refused[1]) > 8
        assert teak.command("echo alive") == "alive"


FATAL = {"null": "NULL pointer dereference", "stack": "kernel stack overflow", "df": "double fault",
         "ud": "invalid opcode"}


@pytest.mark.parametrize("kind", FATAL)
def test_a_fault_on_another_cpu_ends_the_machine(kind):
    with Machine("panic=exit", SMP="3", options=["--no-reboot"]) as teak:
        teak.send(f"fault {kind} 2\r")
        said, status = teak.last_words()
    assert status == PANICKED, said
    assert FATAL[kind] in said
    assert re.findall(r"CPU: (\d+)", said) == ["2"], said
    assert f"fault_{kind}+0x" in said
    assert "fault while handling a fault" not in said
    assert "did not stop" not in said


@pytest.mark.parametrize("cpus", ["2", "4"])
def test_one_report_when_all_fault_at_once(cpus):
    with Machine("panic=exit", SMP=cpus, options=["--no-reboot"]) as teak:
        teak.send("fault ud all\r")
        said, status = teak.last_words()
    assert status == PANICKED, said
    assert len(re.findall(r"Oops: ", said)) == 1, said
    assert len(re.findall(r"panic: ", said)) == 1, said
    assert len(re.findall(r"RIP: ", said)) == 1, said
    assert "did not stop" not in said


def test_an_nmi_on_another_cpu_is_survived():
    with Machine(SMP="2") as teak:
        said = teak.command("fault nmi 1")
        assert "NMI: no source found on CPU 1" in said
        assert teak.command("echo alive") == "alive"


def test_faults_on_cpus_that_there_are_not():
    with Machine(SMP="2") as teak:
        for where in ("2", "1024", "99999999999", "-1", "x", ""):
            assert teak.command(f"fault ud {where}".rstrip() if where else "fault ud 1 2")
        assert teak.command("echo alive") == "alive"


def test_backtraces_of_all():
    with Machine(SMP="4") as teak:
        said = teak.command("backtrace")
    assert sorted(re.findall(r"smp: CPU (\d+):", said)) == ["0", "1", "2", "3"]
    assert len(re.findall("Backtrace:", said)) == 4
    assert said.count("secondary_idle+0x") + said.count("secondary_start+0x") >= 3
    assert "does not answer" not in said


def test_a_machine_that_panics_stops_all():
    """With panic=halt nothing runs any more: QEMU finds every CPU halted, interrupts off."""
    with Machine(SMP="3") as teak:
        teak.send("fault ud 1\r")
        teak.expect(r"panic: ")
        teak.expect(r"Backtrace:|\n")
        for cpu in range(3):
            for _ in range(100):
                registers = teak.qmp.hmp(f"cpu {cpu}") + teak.qmp.hmp("info registers")
                if "HLT=1" in registers:
                    break
            flags = int(re.search(r"RFL=([0-9a-f]+)", registers)[1], 16)
            assert "HLT=1" in registers and not flags & 0x200, registers
