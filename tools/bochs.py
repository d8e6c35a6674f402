"""Bochs: an emulator of its own, with the best PCID, MONITOR and exception behaviour of all.

It boots the CD. Its COM1 is a pty of ours (mode=term), which carries bytes both ways. The guest ends it by
writing "Shutdown" to port 0x8900 or by ACPI; Bochs calls that a panic and exits with 1, so
its log says how it really ended.
"""
import glob
import os
import pty
import re
import shlex
import shutil
import sys
import tempfile
import tty

import images
from supervise import fail, run, say, TIMED_OUT

CPU_MODEL = "corei7_skylake_x"
IPS = 50_000_000		# what Bochs reaches on a PC of 2020: its clock is then about right
FIRMWARE = ("/usr/share/bochs", "/usr/local/share/bochs", "/opt/homebrew/share/bochs",
            "/usr/share/vgabios", "/usr/share/seabios")
CLEAN_ENDS = ("Shutdown port: shutdown requested", "ACPI control: soft power off")

RC = """\
megs: {megs}
cpu: model={model}, count={smp}, ips={ips}, reset_on_triple_fault=0
romimage: file={bios}
vgaromimage: file={vgabios}
display_library: {display}
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
com1: enabled=1, mode=term, dev={console}
clock: sync={sync}, time0=utc
log: {log}
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
"""


def firmware(name):
    for directory in FIRMWARE:
        for path in glob.glob(f"{directory}/{name}"):
            return path
    return fail(f"no {name} for Bochs: tools/deps.sh bochs installs it")


def megabytes(mem):
    """MEM in QEMU's notation (a plain number means MiB)."""
    match = re.fullmatch(r"(\d+)([MG]?)B?", mem, re.IGNORECASE)
    if not match:
        fail(f"MEM={mem}: Bochs needs a whole number of M or G")
    return int(match[1]) * (1024 if match[2].upper() == "G" else 1)


def configuration(args, knobs, iso, console, log):
    # "none": an idle guest's time runs as fast as Bochs can. "slowdown" never runs ahead of ours, so that a
    # person sees a true clock and an idle machine leaves the host in peace; it boots in 5 s, not 1.5.
    return RC.format(
        megs=megabytes(knobs.mem), model=knobs.cpu or CPU_MODEL, smp=knobs.smp, ips=IPS,
        bios=firmware("BIOS-bochs-latest"), vgabios=firmware("VGABIOS-lgpl-latest*"),
        display="x" if knobs.gui else 'rfb, options="timeout=0"',
        iso=iso, console=console, log=log, sync="slowdown" if sys.stdin.isatty() else "none")


def how_it_ended(log, status):
    """0 if the guest switched the machine off; else what Bochs says went wrong."""
    with open(log, errors="replace") as file:
        panics = re.findall(r">>PANIC<< (.*)", file.read())
    if any(end in panic for panic in panics for end in CLEAN_ENDS):
        return 0
    for panic in panics:
        say(f"Bochs: {panic}")
    return status


def run_bochs(args, knobs):
    if args.boot not in (None, "iso"):
        fail(f"--boot {args.boot}: Bochs boots from the CD only")
    program = shutil.which("bochs") or fail("bochs is not installed: tools/deps.sh bochs installs it")
    cmdline = " ".join(filter(None, (knobs.cmdline, args.append)))
    iso = images.iso_with(args.iso or f"{knobs.build}/teak.iso", knobs.build,
                          cmdline=cmdline, entry=args.entry, video=args.video)
    master, slave = pty.openpty()
    tty.setraw(slave)
    with tempfile.TemporaryDirectory(prefix="bochs-", dir=knobs.build) as work:
        rc, commands, log = f"{work}/bochsrc", f"{work}/commands", f"{work}/log"
        with open(rc, "w") as file:
            file.write(configuration(args, knobs, iso, os.ttyname(slave), log))
        with open(commands, "w") as file:
            file.write("c\n")	# a Bochs built with its debugger stops before the first instruction
        command = [program, "-q", "-f", rc, "-rc", commands]
        if args.dry_run:
            print(shlex.join(command))
            return 0
        try:
            with open(f"{work}/out", "wb") as out, open(os.devnull) as nothing:
                status = run(command, timeout=args.timeout, console=master,
                             stdin=nothing, stdout=out, stderr=out)
            return status if status == TIMED_OUT else how_it_ended(log, status)
        finally:
            if os.path.exists(log):
                os.replace(log, f"{knobs.build}/bochs.log")
