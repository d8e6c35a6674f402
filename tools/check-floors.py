#!/usr/bin/env python3
"""No #include goes up a floor.

tools/floors.txt is the house in one table: a path prefix and its floor. The longest
prefix that matches a file decides; a file may include what stands on its own floor or
below. An include that names no file of the tree is refused too: kernel code is
freestanding, so only the compiler's own headers are left. tests/host and tests/fuzz run
on the build machine and may include its libraries.

    check-floors.py [--root DIR]
    check-floors.py --self-test
"""

import argparse
import os
import pathlib
import re
import sys
import tempfile

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h"}
HOSTED = ("tests/host/", "tests/fuzz/")
SOURCE_DIRS = ("arch", "boot", "drivers", "kernel", "lib", "mm", "tests", "user")


def read_floors(path):
    floors = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        words = line.split()
        if len(words) != 2 or not words[1].isdigit():
            raise SystemExit(f"{path}:{number}: not 'prefix floor': {line}")
        floors[words[0]] = int(words[1])
    return floors


def floor_of(name, floors):
    best = max((p for p in floors if name.startswith(p)), key=len, default=None)
    return None if best is None else floors[best]


def check_file(root, name, floors):
    """Complaints about one file, as (line number, text)."""
    own = floor_of(name, floors)
    if own is None:
        return [(1, "stands on no floor: no prefix in tools/floors.txt matches")]
    text = (root / name).read_text()
    complaints = []
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        kind, target = match.groups()
        beside = os.path.normpath(os.path.join(os.path.dirname(name), target))
        if kind == '"' and (root / beside).is_file():
            target = beside
        if not (root / target).is_file():
            if target not in FREESTANDING and not name.startswith(HOSTED):
                complaints.append((line, f"includes {target}, which is no file of the tree"))
            continue
        other = floor_of(target, floors)
        if other is None:
            complaints.append((line, f"includes {target}, which stands on no floor"))
        elif other > own:
            complaints.append((line, f"floor {own} includes {target} of floor {other}"))
    return complaints


def check(root):
    """Every complaint about the tree, and how many files were read."""
    floors = read_floors(root / "tools/floors.txt")
    complaints, files = [], 0
    for top in SOURCE_DIRS:
        for path in sorted((root / top).rglob("*.[ch]")):
            name = path.relative_to(root).as_posix()
            files += 1
            found = check_file(root, name, floors)
            complaints += [f"{name}:{line}: {what}" for line, what in found]
    return complaints, files


SELF_TEST = {
    "tools/floors.txt": "# a table\nlib/\t0\narch/low.h 0\narch/ 1\nkernel/ 3\ntests/ 7\n",
    "lib/good.c": "#include <lib/good.h>\n#include <arch/low.h>\n#include <stdint.h>\n",
    "lib/good.h": "",
    "lib/beside.c": '#include "good.h"\n',
    "arch/low.h": "",
    "arch/high.h": "",
    "lib/up.c": "\n#include <arch/high.h>\n",
    "lib/gone.c": "#\tinclude <stdio.h>\n",
    "mm/homeless.c": "#include <lib/good.h>\n",
    "tests/host/h.c": "#include <stdio.h>\n#include <kernel/none.h>\n",
}
SELF_EXPECT = [
    "lib/gone.c:1: includes stdio.h, which is no file of the tree",
    "lib/up.c:2: floor 0 includes arch/high.h of floor 1",
    "mm/homeless.c:1: stands on no floor: no prefix in tools/floors.txt matches",
]


def self_test():
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for name, text in SELF_TEST.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        got = sorted(check(root)[0])
    if got != SELF_EXPECT:
        print("expected:", *SELF_EXPECT, "got:", *got, sep="\n  ")
        return 1
    return 0


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=here)
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return self_test()
    complaints, files = check(args.root)
    for complaint in complaints:
        print(complaint)
    if complaints:
        return 1
    print(f"check-floors: {files} files, no #include goes up")
    return 0


if __name__ == "__main__":
    sys.exit(main())
