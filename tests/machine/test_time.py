"""Clocks seen from outside: what Teak says against what the machine, the page and the host say."""

import os
import re
import time

import pytest
from machine import Machine

HAVE_KVM = os.access("/dev/kvm", os.R_OK | os.W_OK)
SOURCES = ("tsc", "hpet", "acpi_pm", "pit")


def sources(said):
    """name -> (rating, state) of `clock`'s table; the one with the star is under '*'."""
    table = {}
    for star, name, rating, state in re.findall(
            r"(?m)^([* ]) (\w+) +(-?\d+) +[\d.]+ +\d+ +\d+  (.*)$", said):
        table[name] = (int(rating), state)
        if star == "*":
            table["*"] = name
    return table


def seconds(said, what):
    return float(re.search(rf"{what} (\d+\.\d+) s", said).group(1))


def epoch(said):
    """The `date` that was printed, as seconds since 1970."""
    stamp = re.search(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)\.\d+ UTC", said).groups()
    return int(time.mktime(tuple(map(int, stamp)) + (0, 0, 0)) - time.timezone)


# ---- the choice ---------------------------------------------------------------------------------


def test_the_tsc_is_chosen_and_all_are_listed():
    with Machine() as teak:
        table = sources(teak.command("clock"))
        assert table["*"] == "tsc"
        assert set(SOURCES) <= set(table)
        assert all(state in ("sound", "the clock") for _, state in
                   (table[name] for name in SOURCES)), table


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_can_be_the_clock(name):
    """And keeps time: a second of the host is not much less than a second there."""
    with Machine(f"clocksource={name}") as teak:
        said = teak.command("clock")
        assert sources(said)["*"] == name, said
        assert name == "tsc" or "clocksource= asks for it" in said
        first, start = seconds(said, "monotonic"), time.monotonic()
        time.sleep(1)
        elapsed = time.monotonic() - start
        later = seconds(teak.command("clock"), "monotonic")
        assert later - first > 0.9 * elapsed
        assert later - first < 60


def test_a_source_that_is_not_there_is_refused_by_name():
    with Machine("clocksource=sundial") as teak:
        assert "clocksource=sundial: not here" in teak.command("dmesg")
        assert sources(teak.command("clock"))["*"] == "tsc"


@pytest.mark.parametrize("env, gone", [
    ({"MACHINE": "pc,hpet=off"}, {"hpet"}),
    ({"QEMU_ARGS": "-no-acpi"}, {"acpi_pm", "hpet"}),
    ({"MACHINE": "microvm"}, {"acpi_pm", "hpet"}),
    ({"CPU": "qemu64"}, set()),
])
def test_machines_that_lack_some(env, gone):
    with Machine(**env) as teak:
        table = sources(teak.command("clock"))
        assert table["*"] == "tsc"
        assert set(SOURCES) & set(table) == set(SOURCES) - gone


def test_the_pit_interrupts_where_the_apic_may_not():
    with Machine("nolapic_timer") as teak:
        assert "timer interrupt from pit" in teak.command("clock")
        time.sleep(0.5)  # the search for the TSC's frequency uses timers
        assert not re.search(r"CPU 0: pit; 0 interrupts", teak.command("timers"))


# ---- the time of day ----------------------------------------------------------------------------


@pytest.mark.parametrize("base, date", [
    ("2031-02-28T23:59:57", r"(Fri 2031-02-28 23:59:5|Sat 2031-03-01 00:00:)"),
    ("2000-02-29T12:00:00", r"Tue 2000-02-29 12:00:"),
    ("2099-12-31T10:11:12", r"Thu 2099-12-31 10:11:"),
])
def test_the_rtc_is_read(base, date):
    with Machine(QEMU_ARGS=f"-rtc base={base},clock=vm") as teak:
        assert re.match(date, teak.command("date"))


def test_the_date_is_the_host_s():
    with Machine() as teak:
        before = time.time()
        said = epoch(teak.command("date"))
        assert before - 3 <= said <= time.time() + 3


# ---- KVM ----------------------------------------------------------------------------------------


def check_sum(said):
    """The same computation, in Python's integers."""
    field = {name: int(value) for name, value in re.findall(
        r"(?m)^  (version|tsc_timestamp|system_time|tsc_to_system_mul|tsc_shift|RDTSC|delta|scaled"
        r"|kvmclock|frequency) +(-?\d+)", said)}
    delta = field["RDTSC"] - field["tsc_timestamp"]
    shift = field["tsc_shift"]
    shifted = delta >> -shift if shift < 0 else delta << shift
    scaled = shifted * field["tsc_to_system_mul"] >> 32
    assert field["version"] > 0 and field["version"] % 2 == 0
    assert field["delta"] == delta
    assert field["scaled"] == scaled
    assert field["kvmclock"] == field["system_time"] + scaled
    khz = (10**6 << 32) // field["tsc_to_system_mul"]
    assert field["frequency"] == (khz << -shift if shift < 0 else khz >> shift)
    return field


def zero(said):
    return int(re.search(r"kvmclock's zero +(\d+) ns", said).group(1))


def test_kvmclock_by_hand_in_nested_kvm():
    """The kernel's clock is kvmclock from another zero: at two moments the zeros agree."""
    with Machine(kind="nested") as teak:
        assert sources(teak.command("clock"))["*"] == "kvmclock"
        first = teak.command("kvmclock")
        check_sum(first)
        second = teak.command("kvmclock")
        check_sum(second)
        assert abs(zero(first) - zero(second)) < 10**6, first + second
        assert re.search(r"CPU 0: \d+\.\d+ s stolen", teak.command("steal"))


def test_no_kvmclock_measures_the_same_frequency():
    with Machine("no-kvmclock", kind="nested") as teak:
        assert teak.command("kvmclock").startswith("no kvmclock")
        time.sleep(1.5)
        said = teak.command("clock")
        assert sources(said)["*"] != "kvmclock"
        assert "kvmclock" not in sources(said)
        measured = float(re.search(r"TSC: (\d+\.\d+) MHz", said).group(1))
    with Machine(kind="nested") as teak:
        told = float(re.search(r"TSC: (\d+\.\d+) MHz", teak.command("clock")).group(1))
    assert abs(measured / told - 1) < 0.01


@pytest.mark.skipif(not HAVE_KVM, reason="this machine has no /dev/kvm")
def test_a_pause_of_the_vm_is_no_time():
    """QMP stop, five seconds, cont: monotonic time goes on where it was; the time of day is right."""
    with Machine(kind="kvm", KVM="host") as teak:
        before = teak.command("clock")
        if sources(before)["*"] != "kvmclock":
            pytest.skip("this KVM offers no clock")
        teak.qmp.run("stop")
        teak.qmp.wait_event("STOP")
        time.sleep(5)
        start = time.monotonic()
        teak.qmp.run("cont")
        after = teak.command("clock")
        answered = time.monotonic() - start
        gone = seconds(after, "monotonic") - seconds(before, "monotonic")
        assert 0 <= gone < 4 + answered
        assert 4 < seconds(after, "paused") < 7 + answered
        assert seconds(after, "boot time") - seconds(before, "boot time") > 4.5
        host = time.time()
        assert host - 3 <= epoch(teak.command("date")) <= time.time() + 3


@pytest.mark.skipif(not HAVE_KVM, reason="this machine has no /dev/kvm")
def test_kvmclock_survives_a_restart():
    with Machine(kind="kvm", KVM="host") as teak:
        if not re.search(r"the host wrote", teak.command("kvmclock")):
            pytest.skip("this KVM offers no clock")
        teak.send("reboot\r")
        teak.wait_prompt()
        check_sum(teak.command("kvmclock"))
