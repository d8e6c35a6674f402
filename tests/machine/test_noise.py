"""A serial line that brings nothing but noise, ten megabytes of it: an unconnected line, a modem, a
cat on the keyboard. Two minutes on an idle machine, because Teak echoes and answers all of it."""

import random

from machine import Machine

CTRL_C, CTRL_U = "\x03", "\x15"
CHUNK = 65536
MEGABYTES = 10


def test_ten_megabytes_of_noise_do_no_harm():
    noise = random.Random(2026)
    with Machine(limit=700, QEMU_ARGS="-vga none") as teak:
        for _ in range(MEGABYTES * 2**20 // CHUNK):
            teak.send(noise.randbytes(CHUNK))
            with teak.changed:  # what it echoes is of no interest, and there is much of it
                teak.output, teak.position = teak.output[-4096:], 0
        teak.send(CTRL_C + "\r" + CTRL_U + "echo alive\r")
        teak.expect(r"\nalive\r?\n", 300)
        teak.wait_prompt()
        assert teak.command("echo sound") == "sound"
        assert "panic: " not in teak.command("dmesg")
