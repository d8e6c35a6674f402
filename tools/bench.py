#!/usr/bin/env python3
"""Count what Teak costs, in instructions, and compare.

Boots the kernel under QEMU's TCG with `-icount shift=0,sleep=off`: one TSC tick is one
instruction then, so a figure does not depend on the machine that measures. Lines
`bench: NAME VALUE UNIT spread S samples N` on the serial port become build/bench.json.

The table shows each row beside the limit, Linux and the best teaching kernel (docs/bench/rows.tsv).
It fails when a row is more than 5 % dearer than recorded in docs/bench/teak.json, when a recorded
row has vanished, when a row is beyond its limit, or when boot_8g is more than 10 % above boot.

    bench.py [--build DIR] [--record]
    bench.py --self-test
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS = ROOT / "docs/bench/rows.tsv"
RECORD = ROOT / "docs/bench/teak.json"
LINE = re.compile(r"\bbench: (\S+) ([\d.]+) (\S+) spread ([\d.]+)%? samples (\d+)")
WORSE = 1.05  # a row may cost this much more than recorded
BOOT_8G = 1.10  # how much more a boot with 8 GiB may cost
SECONDS = 240


def number(text):
    value = float(text)
    return int(value) if value.is_integer() else value


def parse(text):
    """The rows that the kernel printed."""
    return [
        {"name": name, "value": number(value), "unit": unit,
         "spread": number(spread), "samples": int(samples)}
        for name, value, unit, spread, samples in LINE.findall(text)
    ]


def boot(build, memory, cmdline):
    command = [
        *"qemu-system-x86_64 -accel tcg -cpu max -icount shift=0,sleep=off".split(),
        *"-display none -no-reboot -net none -monitor none -serial stdio".split(),
        *"-device isa-debug-exit,iobase=0xf4,iosize=4".split(),
        *("-m", memory, "-kernel", str(build / "teak.elf"), "-append", cmdline),
    ]
    try:
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                             timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        said = (error.stdout or b"").decode("latin-1")[-2000:]
        raise SystemExit(f"bench: no end after {SECONDS} s at -m {memory}\n{said}")
    text = run.stdout.decode("latin-1").replace("\r", "")
    rows = parse(text)
    if not rows or run.returncode not in (0, 33):
        raise SystemExit(
            f"bench: the run at -m {memory} left with status {run.returncode}, {len(rows)} rows\n"
            f"{run.stderr.decode()}{text[-2000:]}")
    return rows


def image_bytes(path):
    """What a loader copies of the image, without the symbol table: without the tests, and with them."""
    tool = pathlib.Path(__file__).with_name("check-image.py")
    run = subprocess.run([tool, "--bytes", path], capture_output=True, check=True, text=True)
    return [int(figure) for figure in run.stdout.split()]


def measure(build):
    rows = boot(build, "256M", "quiet bench=* panic=exit")
    large = boot(build, "8G", "quiet bench=boot panic=exit")
    rows += [{**row, "name": "boot_8g"} for row in large if row["name"] == "boot"]
    for name, value in zip(("kernel_bytes", "image_bytes"), image_bytes(build / "teak.elf")):
        rows.append({"name": name, "value": value, "unit": "bytes", "spread": 0, "samples": 1})
    return rows


def read_limits(text):
    """name -> (limit, linux, teaching, what); None where nobody measured."""
    table = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        name, *figures, what = line.split("\t")
        table[name] = (*(None if figure == "-" else number(figure) for figure in figures), what)
    return table


def figure(value):
    return "-" if value is None else f"{value:,}"


def print_table(rows, limits):
    order = [name for name in limits if any(row["name"] == name for row in rows)]
    order += [row["name"] for row in rows if row["name"] not in limits]
    values = {row["name"]: row for row in rows}
    def print_row(name, *columns):
        print("{:22} {:>12} {:>12} {:>14} {:>12}  {}".format(name, *columns))

    print_row("", "ours", "at most", "Linux 6.1", "teaching", "what is measured")
    for name in order:
        limit, linux, teaching, what = limits.get(name, (None, None, None, values[name]["unit"]))
        figures = (values[name]["value"], limit, linux, teaching)
        print_row(name, *map(figure, figures), what)


def complaints(rows, limits, recorded):
    """Why the figures are not good enough."""
    values = {row["name"]: row["value"] for row in rows}
    for name, value in values.items():
        limit = limits.get(name, (None,))[0]
        if limit is not None and value > limit:
            yield f"{name}: {value:,} is beyond the limit of {limit:,}"
    for row in recorded:
        name, before = row["name"], row["value"]
        if name not in values:
            yield f"{name}: recorded with {before:,}, not measured any more"
        elif values[name] > before * WORSE:
            more = values[name] / before - 1
            yield f"{name}: {values[name]:,} is {more:.1%} more than the recorded {before:,}"
    for name in ("boot", "boot_8g"):
        if name not in values:
            yield f"{name}: not measured"
    small, large = values.get("boot", 0), values.get("boot_8g", 0)
    if large > small * BOOT_8G:
        yield f"boot_8g: {large:,} is more than 10 % above boot, {small:,}"


def self_test():
    rows = parse("[ 0.1] bench: boot 1000 i spread 0.5% samples 1\n"
                 "bench: lock 12.5 i spread 0 samples 41\nbench: x y\n")
    good = [{"name": "boot", "value": 1000, "unit": "i", "spread": 0.5, "samples": 1},
            {"name": "lock", "value": 12.5, "unit": "i", "spread": 0, "samples": 41}]
    limits = read_limits("# comment\nboot\t1000\t-\t5\twhat\nlock\t10\t-\t-\twhat\n")
    recorded = [{"name": "boot", "value": 900}, {"name": "gone", "value": 1}]
    measured = [*good, {"name": "boot_8g", "value": 1101}]
    got = [line.split(":")[0] for line in complaints(measured, limits, recorded)]
    right = rows == good and limits["boot"] == (1000, None, 5, "what")
    right = right and got == ["lock", "boot", "gone", "boot_8g"]
    if not right:
        print(rows, limits, got, sep="\n")
    read_limits(ROWS.read_text())
    json.loads(RECORD.read_text())
    return 0 if right else 1


def main():
    build = pathlib.Path(os.environ.get("BUILD", "build"))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=build)
    parser.add_argument("--record", action="store_true", help="write docs/bench/teak.json anew")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return self_test()
    rows = measure(args.build)
    limits = read_limits(ROWS.read_text())
    (args.build / "bench.json").write_text(json.dumps(rows, indent=1) + "\n")
    print_table(rows, limits)
    if args.record:
        RECORD.write_text("[\n" + ",\n".join(" " + json.dumps(row) for row in rows) + "\n]\n")
    wrong = list(complaints(rows, limits, json.loads(RECORD.read_text())))
    for line in wrong:
        print(f"bench: {line}")
    if wrong:
        print("bench: if it is worth that, tools/bench.py --record writes docs/bench/teak.json anew")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
