"""From power-on to the prompt, and the machines on which there is no prompt but a message."""

import re

import pytest
from machine import Machine, symbols

MIB = 1 << 20

def test_the_prompt_answers():
    with Machine() as teak:
        assert teak.command("echo hello") == "hello"
        assert teak.command("") == ""


def test_a_cpu_without_long_mode_gets_a_message():
    with Machine(CPU="pentium3", prompt=False) as teak:
        teak.expect(r"Teak cannot start: this CPU has no long mode")
        teak.wait_screen("this CPU has no long mode")


def test_too_little_memory_gets_a_message():
    with Machine("panic=exit", MEM="4M", prompt=False, options=["--no-reboot"]) as teak:
        teak.expect(r"(?i)memory")
        words, status = teak.last_words()
        assert status == 37, words


# What a person might type, and what no parser should trip over.
GARBAGE = "nosuch nosuch2=1 loglevel=many loglevel=99 panic=maybe =x \x01\x7f %s%n%n ,,, "
GARBAGE += "A" * 300 + " \"unclosed"


def test_garbage_on_the_command_line_is_named_and_harmless():
    with Machine(GARBAGE) as teak:
        log = teak.output + teak.command("dmesg")
        for name in ("nosuch", "nosuch2", "loglevel", "panic"):
            assert re.search(rf"boot parameter {name}: .*ignored", log), f"{name}? {log}"
        assert teak.command("echo alive") == "alive"


def test_run_as_a_boot_parameter():
    with Machine('run="echo a; echo b; poweroff"', prompt=False) as teak:
        words, status = teak.last_words(120)
        assert re.search(r"(?m)^a\n(?:.*\n)*?b$", words), words
        assert status == 0, words


def test_run_without_poweroff_ends_at_the_prompt():
    with Machine('run="echo ran"') as teak:
        assert "ran" in teak.output
        assert teak.command("echo alive") == "alive"


def test_poweroff_ends_qemu_with_success():
    with Machine() as teak:
        teak.send("poweroff\r")
        words, status = teak.last_words()
        assert status == 0, words


def test_reboot_resets_the_machine():
    with Machine() as teak:
        teak.qmp.run("query-status")
        teak.send("reboot\r")
        teak.qmp.wait_event("RESET")
        teak.wait_prompt()
        assert teak.command("echo again") == "again"


def usable_ranges(teak):
    """The usable ranges of the firmware's map, in order: (first, last) as `mem` shows them."""
    _, _, ordered = teak.command("mem map").partition("put in order:")
    ranges = re.findall(r"([0-9a-f]{16})-([0-9a-f]{16}) .* usable", ordered.partition("memory:")[0])
    assert ranges, ordered
    return [(int(first, 16), int(last, 16)) for first, last in ranges]


def test_qemu_and_grub_show_the_same_memory():
    with Machine() as qemu, Machine(options=["--boot", "iso"], prompt=False) as grub:
        grub.wait_prompt(180)
        assert usable_ranges(qemu) == usable_ranges(grub)


def test_symbols_are_those_of_teak_sym():
    table = symbols()
    with Machine() as teak:
        for name in ("kernel_main", "printk", "panic", "memcpy"):
            answer = teak.command(f"sym {name}")
            assert re.search(rf"\b(0x)?{table[name]:016x}\b", answer), answer
            assert name in teak.command(f"sym 0x{table[name]:x}")


@pytest.mark.parametrize("memory", ["32M", "64G"])
def test_little_and_much_memory(memory):
    """More than the host has: the memory is never touched, so nobody has to give it."""
    size = int(memory[:-1])
    machine = {} if memory == "32M" else {
        "MACHINE": "q35,memory-backend=ram",
        "QEMU_ARGS": f"-object memory-backend-ram,id=ram,size={size}G,reserve=off"}
    with Machine(MEM=memory, **machine) as teak:
        total = sum(last + 1 - first for first, last in usable_ranges(teak))
        asked = size << (20 if memory.endswith("M") else 30)
        assert asked - MIB < total <= asked  # the firmware keeps a little for itself


def test_modules_arrive_whole_and_stay(tmp_path):
    """Three files by -initrd: listed with their command lines, their bytes intact after all tests of the allocators."""
    files = []
    for name, size in (("one", 5000), ("two", 1 << 20), ("three", 1)):
        path = tmp_path / name
        path.write_bytes(bytes((i * 7 + len(name)) & 0xFF for i in range(size)))
        files.append(path)
    initrd = f"{files[0]} first x=1,{files[1]},{files[2]} last"
    with Machine(QEMU_ARGS=f"-initrd '{initrd}'") as teak:
        listing = teak.command("modules")
        found = re.findall(r"(?m)^  ([0-9a-f]{12})-[0-9a-f]{12} +(\d+) bytes  (.*)$", listing)
        assert [int(size) for _, size, _ in found] == [f.stat().st_size for f in files], listing
        assert "first x=1" in found[0][2] and "last" in found[2][2], listing
        teak.command("test page_alloc", patience=120)
        for path, (start, size, _) in zip(files, found):
            assert teak.physical(int(start, 16), min(int(size), 4096)) == list(path.read_bytes()[:4096])


def test_more_modules_than_are_kept_are_left_alone(tmp_path):
    path = tmp_path / "module"
    path.write_bytes(b"m" * 8192)
    initrd = ",".join([str(path)] * 20)
    with Machine(QEMU_ARGS=f"-initrd {initrd}") as teak:
        assert teak.command("modules").startswith("16 modules")
        assert teak.command("dmesg").count("too many modules") == 1


def test_grub_by_multiboot1():
    with Machine(options=["--boot", "iso", "--entry", "multiboot1"]) as teak:
        assert "(multiboot1)" in teak.command("dmesg")
