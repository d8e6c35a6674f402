"""The tools around Teak, where they need a machine to show it."""

import os
import re
import shutil
import subprocess

import pytest
from machine import BUILD, ROOT


TARGETS = """run run-kvm run-bochs debug test test-tcg test-kvm test-bochs bench fuzz iso lint fmt
    check-floors check-docs clean""".split()


def run(*command):
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "BUILD": str(BUILD)}, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)


def test_deps_is_silent_when_nothing_is_missing():
    done = run("tools/deps.sh", "test")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_help_names_every_target():
    shown = run("make", "-s", "help").stdout
    assert not [target for target in TARGETS if f"  {target} " not in shown], shown


@pytest.mark.skipif(not shutil.which("gdb"), reason="gdb is not installed")
def test_gdb_reaches_the_first_64_bit_instruction():
    """... and knows names there, and on the other side of the jump to the higher half."""
    done = run("tools/debug.sh", "--batch", "x/i $pc; tbreak kernel_main; continue; backtrace")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"=> 0x10[0-9a-f]{4}.*<start64_phys>", done.stdout), done.stdout
    assert re.search(r"#0 .*kernel_main", done.stdout), done.stdout
