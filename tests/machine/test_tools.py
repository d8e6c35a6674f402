"""The tools around Teak, where they need a machine to show it."""

import os
import shutil
import subprocess

import pytest
from machine import BUILD, ROOT, symbols


def test_deps_is_silent_when_nothing_is_missing():
    run = subprocess.run(["tools/deps.sh", "test"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_help_names_every_target():
    run = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    for target in ("run", "run-kvm", "run-bochs", "debug", "test", "test-tcg", "test-kvm", "test-bochs", "bench", "fuzz",
                   "iso", "lint", "fmt", "check-floors", "check-docs", "clean"):
        assert f"  {target} " in run.stdout, run.stdout


@pytest.mark.skipif(not shutil.which("gdb"), reason="gdb is not installed")
def test_gdb_reaches_the_first_64_bit_instruction():
    script = ["-batch", "-ex", "tbreak kernel_main", "-ex", "continue", "-ex", "info registers rip", "-ex", "kill"]
    run = subprocess.run(["tools/debug.sh", *script], cwd=ROOT, env={**os.environ, "BUILD": str(BUILD)},
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert "kernel_main" in run.stdout, run.stdout + run.stderr
    assert symbols()["kernel_main"]
