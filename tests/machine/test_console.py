"""Typing: the line editor over the serial line, the PS/2 keyboard, the screen."""

import re

import pytest
from machine import Machine

UP, DOWN, LEFT, RIGHT = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[C"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"


def ctrl(letter):
    return chr(ord(letter) & 0x1F)


@pytest.fixture(scope="module")
def teak():
    with Machine() as machine:
        yield machine


EDITS = [
    ("Ctrl-A goes to the start", "cho one" + ctrl("A") + "e", "one"),
    ("Ctrl-E goes to the end", "cho two" + ctrl("A") + "e" + ctrl("E") + "2", "two2"),
    ("Ctrl-U kills the line", "nonsense" + ctrl("U") + "echo three", "three"),
    ("Ctrl-W kills a word", "echo four five" + ctrl("W") + "six", "four six"),
    ("Ctrl-C drops the line", "nonsense" + ctrl("C") + "echo seven", "seven"),
    ("backspace", "echo eighty\x7f", "eight"),
    ("Ctrl-H too", "echo nineteen\b\b\b\b", "nine"),
    ("arrows", "echo tn" + LEFT + "e" + RIGHT, "ten"),
    ("Home and End", "cho elev" + HOME + "e" + END + "en", "eleven"),
    ("Delete", "echo ttwelve" + LEFT * 7 + DELETE, "twelve"),
    ("Tab completes a command", "ech\tthirteen", "thirteen"),
    ("an unknown sequence is ignored", "echo four\x1b[99;99~teen", "fourteen"),
    ("a byte of no meaning is ignored", "echo fif\x00\xff\x80teen", "fifteen"),
]


@pytest.mark.parametrize("what, keys, answer", EDITS, ids=[edit[0] for edit in EDITS])
def test_editing(teak, what, keys, answer):
    teak.send(keys + "\r")
    teak.expect(rf"\n{re.escape(answer)}\r?\n")
    teak.wait_prompt()


def test_history(teak):
    teak.command("echo first")
    teak.command("echo second")
    assert teak.command(UP + UP) == "first"
    assert teak.command(UP + UP + DOWN + UP).endswith(("first", "second"))


def test_an_unknown_command_is_named(teak):
    assert "nosuchcommand" in teak.command("nosuchcommand 1 2")


def test_a_very_long_line_does_no_harm(teak):
    teak.send("echo " + "x" * 5000 + ctrl("U") + "\r")
    teak.send("echo short\r")
    teak.expect(r"\nshort\r?\n")
    teak.wait_prompt()


def test_help_knows_every_command(teak):
    answer = teak.command("help")
    names = "help dmesg mem cpuid regs x sym uptime echo test panic fault reboot poweroff"
    for name in names.split():
        assert re.search(rf"(?m)^\s*{name}\b", answer), f"{name}\n{answer}"
    assert re.search(r"\bloglevel\b", teak.command("help params"))


def test_the_ps2_keyboard_types_on_the_screen(teak):
    teak.wait_screen("teak>")
    teak.press("echo typed\n")
    teak.expect(r"\ntyped\r?\n")
    teak.wait_screen("teak> echo typed")
    teak.wait_prompt()
