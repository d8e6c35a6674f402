#!/usr/bin/env python3
"""The documentation tells the truth about the tree.

In README.md and docs/*.md:
- a `path` in backticks that looks like one of the tree exists (with a * it is a rule, not a
  path), and of a `path:function` the function (or macro, struct, label) is defined there;
  A path of Linux's is written `linux/mm/slub.c`;
- a link to another chapter, or to a heading in one, leads somewhere;
- an experiment still says what the page shows. An experiment is a fenced block:

      ```console experiment
      teak> COMMAND
      what Teak answers, where ... stands for whatever varies
      ```

  Several commands may follow each other; `...` on a line of its own stands for any number
  of lines. All experiments of a page share one boot in QEMU's TCG, except one that starts
  with `$ make run VARIABLE=VALUE ...`: it gets a boot of its own with these knobs, and what
  follows that line is compared with the boot's own output. A command that ends the machine
  (`panic`, `poweroff`) is compared up to the end; the next one starts on a fresh machine.

    check-docs.py [--no-boot] [FILE.md...]
    check-docs.py --self-test
"""

import argparse
import pathlib
import re
import shlex
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/machine"))

TOP = "arch boot docs drivers iso kernel lib mm tests tools user .ci".split()
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
POINTER = re.compile(r"^([\w.*-]+(?:/[\w.*-]+)*/?)(?::(\w+)(?:\(\))?)?$")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?) *#*$", re.M)
FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```\s*$", re.M | re.S)
PROMPT = "teak> "
EXPERIMENT_SECONDS = 60


def line_of(text, position):
    return text.count("\n", 0, position) + 1


# ---- pointers and links -------------------------------------------------------------------------


def defines(path, name):
    """Whether a source file defines the name, in the way of its language."""
    text = path.read_text(errors="replace")
    n = re.escape(name)
    if path.suffix in (".c", ".h"):
        patterns = (
            rf"^[A-Za-z_][\w \t*]*?\b\**{n}\(",  # a function (a call is indented)
            rf"^[ \t]*#[ \t]*define[ \t]+{n}\b",
            rf"\b(?:struct|union|enum)\s+{n}\s*\{{",
            rf"^[A-Za-z_][\w \t*]*\b{n}(?:\[[^\]]*\])*\s*[=;]",  # a variable or typedef
            rf"^[ \t]+{n}\s*(?:=[^,]*)?,",  # a constant of an enum
            rf"\b(?:TEST|BENCH)\(\w+, {n}\)",
            rf"\(\*{n}\)\(",  # a function pointer
        )
    elif path.suffix in (".asm", ".inc"):
        patterns = (
            rf"^{n}:",
            rf"^%(?:i?macro|i?define|assign)\s+{n}\b",
            rf"\b{n}\s+equ\b",
        )
    elif path.suffix == ".py":
        patterns = (rf"^\s*(?:def|class)\s+{n}\b", rf"^{n}\s*=")
    else:
        patterns = (rf"^{n}\s*(?:\(\)|:|=)", rf"\b{n}\b\s*=")
    return any(re.search(p, text, re.M) for p in patterns)


def looks_like_path(word):
    top = word.split("/")[0]
    return ("/" in word and top in TOP) or word in ("Makefile", "linker.ld", "README.md", "LICENSE")


def check_pointers(root, page, text):
    prose = FENCE.sub(lambda m: "\n" * m.group(0).count("\n"), text)
    for match in CODE.finditer(prose):
        pointer = POINTER.match(match.group(1))
        if not pointer or "*" in pointer.group(1) or not looks_like_path(pointer.group(1)):
            continue
        path, name = pointer.groups()
        where = f"{page}:{line_of(prose, match.start())}: `{match.group(1)}`"
        file = root / path
        if not file.exists():
            yield f"{where}: no such file"
        elif name and not (file.is_file() and defines(file, name)):
            yield f"{where}: {name} is not defined there"


def slug(heading):
    """The anchor that GitHub gives a heading."""
    heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def check_links(root, page, text):
    prose = FENCE.sub(lambda m: "\n" * m.group(0).count("\n"), text)
    for match in LINK.finditer(prose):
        target = match.group(1) or match.group(2)
        if re.match(r"[a-z]+:", target):
            continue
        where = f"{page}:{line_of(prose, match.start())}: link to {target}"
        name, _, anchor = target.partition("#")
        file = (root / page).parent / name if name else root / page
        if not file.exists():
            yield f"{where}: no such file"
        elif anchor and anchor not in {slug(h) for h in HEADING.findall(file.read_text())}:
            yield f"{where}: no such heading"


# ---- experiments --------------------------------------------------------------------------------


class Experiment:
    """One command and the output the page shows. knobs: None, or those of a boot of its own."""

    def __init__(self, line, command, knobs):
        self.line, self.command, self.knobs, self.expected = line, command, knobs, []


def experiments(text):
    found = []
    for match in FENCE.finditer(text):
        if match.group(2).split() != ["console", "experiment"]:
            continue
        first = line_of(text, match.start()) + 1
        indent = len(match.group(1))
        knobs, current = None, None
        for number, raw in enumerate(match.group(3).splitlines(), first):
            line = raw[indent:].rstrip()
            if line.startswith("$ make run"):
                knobs = dict(word.split("=", 1) for word in shlex.split(line)[3:])
                current = Experiment(number, None, knobs)
                found.append(current)
            elif line.startswith(PROMPT):
                current = Experiment(number, line[len(PROMPT) :], knobs)
                found.append(current)
            elif current:
                current.expected.append(line)
            else:
                raise SystemExit(f"line {number}: an experiment begins with `{PROMPT}COMMAND`")
    return found


def pattern(lines):
    """The shown output as a regular expression: `...` is any text, alone on a line any lines."""
    while lines and not lines[-1]:
        lines = lines[:-1]
    out = ""
    for line in lines:
        if line.strip() == "...":
            out += r"(?:[^\n]*\n)*?"
        else:
            out += r"[^\n]*?".join(re.escape(part) for part in line.split("...")) + r"[ \t]*\n"
    return re.compile(out)


def matches(expected, got):
    lines = [line.rstrip() for line in got.strip("\n").splitlines()]
    return pattern(expected).fullmatch("".join(line + "\n" for line in lines)) is not None


class Boots:
    """The machine that the experiments of a page share; a new one whenever the last has ended."""

    def __init__(self):
        self.teak, self.knobs = None, None

    def on(self, knobs):
        """A machine at its prompt with these knobs, and what it said on the way (None: was up)."""
        if self.teak and knobs == self.knobs:
            return self.teak, None
        self.close()
        from machine import Machine  # only here: without QEMU the other checks still run

        # What a page shows of a boot of its own is what `make run` says; the shared one ends fast.
        chosen = {"CMDLINE": "panic=exit"} if knobs is None else {"CMDLINE": "", **knobs}
        cmdline = chosen.pop("CMDLINE")
        self.teak = Machine(cmdline, prompt=False, options=["--no-reboot"], **chosen)
        self.knobs = knobs
        return self.teak, self.teak.wait_prompt()

    def answer(self, experiment):
        teak, said = self.on(experiment.knobs)
        if experiment.command is None:
            return said
        teak.send(experiment.command + "\r")
        teak.expect(r"\n")
        start = teak.position
        try:
            return teak.wait_prompt(EXPERIMENT_SECONDS)
        except AssertionError:
            if not teak.ended:
                raise
            from machine import plain

            self.close()
            return plain(teak.output[start:])

    def close(self):
        if self.teak:
            self.teak.close()
        self.teak = None


def run_experiments(page, text):
    boots = Boots()
    try:
        for experiment in experiments(text):
            what = f"{PROMPT}{experiment.command}" if experiment.command is not None else "the boot"
            try:
                got = boots.answer(experiment)
            except AssertionError as error:
                yield f"{page}:{experiment.line}: {what}: {error}"
                boots.close()
                continue
            if not matches(experiment.expected, got):
                shown = "\n".join(f"    | {ln}" for ln in experiment.expected)
                said = "\n".join(f"    | {ln}" for ln in got.strip("\n").splitlines())
                where = f"{page}:{experiment.line}: {what}"
                yield f"{where}\n  the page shows\n{shown}\n  Teak says\n{said}"
    finally:
        boots.close()


# ---- self-test ----------------------------------------------------------------------------------

PAGE = """# A page
See `lib/a.c:good`, `lib/a.c:MACRO`, `lib/a.c:struct_x`, `lib/a.c:value`, `lib/`, `lib/*.c`, `x/y`.
Wrong: `lib/none.c`, `lib/a.c:called`. [here](#a-page), [there](b.md#second-heading-one)
[gone](c.md) [no heading](b.md#third)

```c
`lib/in-a-fence.c`
```

```console experiment
teak> echo a
a
teak> mem
usable ... KiB
...
end
```
"""
PAGE_EXPECT = [
    "docs/a.md:3: `lib/a.c:called`: called is not defined there",
    "docs/a.md:3: `lib/none.c`: no such file",
    "docs/a.md:4: link to b.md#third: no such heading",
    "docs/a.md:4: link to c.md: no such file",
]
SOURCE = """#define MACRO(x) 1
struct struct_x {
	int i;
};
int value = 3;
static int *good(int a)
{
	called(a);
}
"""


def self_test():
    wrong = []
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        other = "## `Second` heading: one\n"
        for name, text in (("docs/a.md", PAGE), ("docs/b.md", other), ("lib/a.c", SOURCE)):
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text)
        got = [*check_pointers(root, "docs/a.md", PAGE), *check_links(root, "docs/a.md", PAGE)]
        got.sort()
        if got != PAGE_EXPECT:
            wrong += ["expected", *PAGE_EXPECT, "got", *got]
    found = experiments(PAGE)
    if [(e.line, e.command) for e in found] != [(11, "echo a"), (13, "mem")]:
        wrong.append(f"experiments: {[(e.line, e.command) for e in found]}")
    for output, good in (("usable 12 KiB\nend", True), ("usable 1 KiB\nx\ny\nend\n", True),
                         ("usable 1 KiB\nend\nmore", False), ("usable\nend", False)):
        if matches(found[1].expected, output) != good:
            wrong.append(f"{output!r}: matching should be {good}")
    own = experiments("```console experiment\n$ make run MEM=32M CMDLINE='a b'\nteak> x\n```\n")
    if own[1].knobs != {"MEM": "32M", "CMDLINE": "a b"}:
        wrong.append(f"knobs: {own[1].knobs}")
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=pathlib.Path)
    parser.add_argument("--no-boot", action="store_true", help="leave the experiments out")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return self_test()
    pages = args.pages or [*ROOT.glob("README.md"), *sorted(ROOT.glob("docs/*.md"))]
    complaints, count = [], 0
    for path in pages:
        page, text = path.resolve().relative_to(ROOT).as_posix(), path.read_text()
        complaints += [*check_pointers(ROOT, page, text), *check_links(ROOT, page, text)]
        if not args.no_boot:
            count += len(experiments(text))
            complaints += run_experiments(page, text)
    for complaint in complaints:
        print(complaint)
    if not complaints:
        print(f"check-docs: {len(pages)} pages agree with the tree, {count} experiments with Teak")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
