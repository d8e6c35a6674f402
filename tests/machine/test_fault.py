"""Each way in which the `fault` command breaks the kernel ends as documented: with the right words,
the function that did it in the backtrace, and the exit that panic= asks for."""

import re

import pytest
from machine import Machine

PANICKED = 37

# argument, words of the report
FATAL = [
    ("null", [r"NULL pointer dereference", r"write to a not-present page from ring 0"]),
    ("div", [r"divide error"]),
    ("ud", [r"invalid opcode"]),
    ("stack", [r"kernel stack overflow"]),
    ("nx", [r"instruction fetch from a no-execute page from ring 0"]),
    ("ro", [r"write to a read-only page from ring 0"]),
    ("df", [r"double fault"]),
]


@pytest.mark.parametrize("kind, words", FATAL, ids=[kind for kind, _ in FATAL])
def test_fault(kind, words):
    with Machine("panic=exit", options=["--no-reboot"]) as teak:
        teak.send(f"fault {kind}\r")
        said, status = teak.last_words()
        assert status == PANICKED, said
        for pattern in words:
            assert re.search(pattern, said), f"no {pattern!r} in:\n{said}"
        trace = said[said.index("Backtrace:") :]
        names = re.findall(r"\[<[0-9a-f]{16}>\] (\w+)\+0x", trace)
        assert f"fault_{kind}" in names, f"no fault_{kind} in the backtrace:\n{said}"
        if kind not in ("stack", "df"):  # the top of the stack only; a stack pointer that was given away
            after = names[names.index(f"fault_{kind}") :]
            assert "cmd_fault" in after, f"its caller is not behind it:\n{said}"
        assert re.search(r"(?m)^(\[.*\] )?panic: ", said), said
        assert "fault while handling a fault" not in said


def test_an_nmi_is_reported_and_survived():
    with Machine("panic=exit", options=["--no-reboot"]) as teak:
        teak.send("fault nmi\r")
        assert "NMI" in teak.wait_prompt()
        assert teak.command("echo alive") == "alive"


def test_panic_says_why():
    with Machine("panic=exit", options=["--no-reboot"]) as teak:
        teak.send("panic\r")
        said, status = teak.last_words()
        assert status == PANICKED, said
        assert re.search(r"panic: ", said), said


def test_panic_halt_stays():
    """Without panic=exit the machine stops, and what it said stays on the screen."""
    with Machine() as teak:
        teak.send("fault ud\r")
        teak.expect(r"panic: ")
        teak.wait_screen("panic: ")
        assert teak.process.poll() is None


def test_panic_reboots_after_a_while():
    with Machine("panic=1") as teak:
        teak.qmp.run("query-status")
        teak.send("fault div\r")
        teak.qmp.wait_event("RESET")
        teak.wait_prompt()


def test_an_injected_nmi_is_survived():
    with Machine() as teak:
        teak.qmp.run("inject-nmi")
        teak.expect(r"NMI: ")
        teak.send("echo alive\r")  # the prompt is drawn again below each line of the report
        teak.expect(r"\nalive\r?\n")
