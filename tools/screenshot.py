#!/usr/bin/env python3
"""Boot Teak in QEMU, type at its prompt, and keep what the screen shows as an SVG.

The picture is made of the pixels of QEMU's own screendump, as one path for each colour, so it
is text that git can keep and anyone can make again with `make screenshots`.

    screenshot.py [--uefi] OUT.svg COMMAND...
"""

import argparse
import collections
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/machine"))

import machine  # noqa: E402


def read_ppm(path):
    """Width, height and a list of rows of (r, g, b)."""
    data = path.read_bytes()
    fields, at = [], 0
    while len(fields) < 4:
        end = min(i for i in (data.find(c, at) for c in (b" ", b"\n")) if i >= 0)
        fields.append(data[at:end])
        at = end + 1
    width, height = int(fields[1]), int(fields[2])
    pixels = data[at:]
    rows = [
        [tuple(pixels[(y * width + x) * 3 :][:3]) for x in range(width)] for y in range(height)
    ]
    return width, height, rows


def svg(width, height, rows):
    """Runs of equal pixels are strokes one pixel high; the commonest colour is the background."""
    strokes = collections.defaultdict(list)
    area = collections.Counter()
    for y, row in enumerate(rows):
        start = 0
        for x in range(1, width + 1):
            if x == width or row[x] != row[start]:
                strokes[row[start]].append(f"M{start} {y}h{x - start}")
                area[row[start]] += x - start
                start = x
    ground = area.most_common(1)[0][0]
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
        f'<rect width="{width}" height="{height}" fill="#%02x%02x%02x"/>' % ground,
        '<g transform="translate(0 .5)" shape-rendering="crispEdges">',
    ]
    for colour, path in strokes.items():
        if colour != ground:
            out.append('<path stroke="#%02x%02x%02x" d="' % colour)
            out += ["".join(path[i : i + 12]) for i in range(0, len(path), 12)]
            out.append('"/>')
    return "\n".join(out + ["</g>", "</svg>", ""])


def shoot(args, scratch):
    """The screen after the commands, in a machine of its own."""
    options = ("--boot", "uefi", "--video", "800x600x32") if args.uefi else ()
    dump = scratch / "screen.ppm"
    with machine.Machine(options=options) as teak:
        for command in args.command:
            teak.command(command)
        teak.qmp.run("screendump", filename=str(dump))
    pathlib.Path(args.out).write_text(svg(*read_ppm(dump)), encoding="ascii")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--uefi", action="store_true", help="boot the CD by UEFI: the framebuffer")
    parser.add_argument("out")
    parser.add_argument("command", nargs="*")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        shoot(args, pathlib.Path(scratch))


if __name__ == "__main__":
    main()
