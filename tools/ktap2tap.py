#!/usr/bin/env python3
"""Turn the serial output of one test run into flat TAP for prove.

The kernel prints KTAP: a plan of suites, and inside each suite a plan of tests,
between log lines and whatever the loader said before. prove wants one flat list.
The idea: a run has a verdict of its own, written as the last test, and it is
"ok" only if every announced test was seen *and* the machine left with the status
that the tests deserve. So a kernel that hangs, panics, prints nothing or forgets
a test cannot pass.

    ktap2tap.py --name tcg-1cpu --status 33 < serial.log

--status is the launcher's raw exit status; without it (Bochs has none) the verdict
comes from KTAP alone. --status-ok names the status of a run that passed (33: the
value 0x10 through isa-debug-exit), --status-failed that of a run with failed tests.
--flat reads plain TAP, as cmocka prints it: diagnostics then follow their test.
"""

import argparse
import re
import sys

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][0-9A-Za-z]|\x1b[=>cM78]")
VERSION = re.compile(r"^( *)K?TAP version \d+$")
FIRST_VERSION = re.compile(r"K?TAP version \d+$")
PLAN = re.compile(r"^( *)1\.\.(\d+)\s*(?:#\s*SKIP\b\s*(.*))?$", re.I)
RESULT = re.compile(r"^( *)(not ok|ok)\s+(\d+)\s*(?:- )?\s*(.*?)\s*$")
DIRECTIVE = re.compile(r"\s*#\s*(SKIP|TODO)\b:?\s*(.*)$", re.I)
SUBTEST = re.compile(r"^ *# Subtest: *(.*?)\s*$")
TAIL_LINES = 40
CONTEXT_LINES = 40
ANY_FAILURE = -1  # as --status-failed: any status but that of success

STATUS_MEANING = {
    33: "the kernel says: all tests passed",
    35: "the kernel says: tests failed",
    37: "the kernel panicked",
    124: "the time limit ran out",
    125: "the machine could not be started",
    137: "the time limit ran out (killed)",
    0: "the machine was powered off",
}


class Level:
    """One nesting level: what its plan announced and what came of it."""

    def __init__(self, indent):
        self.indent = indent
        self.name = ""
        self.planned = None
        self.seen = 0
        self.failed = 0
        self.ended = False  # its closing line was seen


class Run:
    """A whole run, read line by line: `tests` is what prove shall see."""

    def __init__(self, flat=False):
        self.flat = flat
        self.tests = []  # [ok, name, directive, diagnostics]
        self.problems = []
        self.levels = []
        self.context = []
        self.started = False

    def read(self, text):
        for raw in text.splitlines():
            self.line(ANSI.sub("", raw).rstrip())
        while self.levels:
            self.close()

    def line(self, line):
        if not self.started and FIRST_VERSION.search(line):
            self.open(0)  # whatever the loader left on this line
            return
        match = VERSION.match(line)
        if match:
            self.open(len(match.group(1)))
            return
        if not self.started and not self.flat:
            return
        if not line:
            return
        match = SUBTEST.match(line)
        if match and self.levels:
            self.subtest(line, match.group(1))
            return
        match = PLAN.match(line)
        if match:
            self.plan(len(match.group(1)), int(match.group(2)), match.group(3))
            return
        match = RESULT.match(line)
        if match:
            self.result(len(match.group(1)), match)
            return
        if line.startswith("Bail out!"):
            self.problems.append(line)
        self.diagnostic(line)

    def diagnostic(self, line):
        text = line.strip()
        text = text[1:].strip() if text.startswith("#") else text
        if self.flat and self.tests:
            self.tests[-1][3].append(text)
        else:
            self.context.append(text)

    # ---- nesting --------------------------------------------------------------------------

    def open(self, indent):
        self.started = True
        self.settle(indent)
        if not self.levels or self.levels[-1].indent < indent:
            self.levels.append(Level(indent))

    def settle(self, indent):
        """Close every level deeper than `indent`."""
        while self.levels and self.levels[-1].indent > indent:
            self.close()

    def subtest(self, line, name):
        indent = len(line) - len(line.lstrip())
        self.open(indent)
        self.levels[-1].name = name

    def plan(self, indent, count, skip):
        self.open(indent)
        level = self.levels[-1]
        if level.planned is not None:  # cmocka: one group of tests after another
            if not self.flat:
                self.problems.append(f"a second plan 1..{count} for {level.name or 'the run'}")
            self.finish(level)
            level.seen = 0
        level.planned = count
        if skip is not None:
            self.tests.append([True, level.name or "all tests", ("SKIP", skip), []])

    def result(self, indent, match):
        word, number, rest = match.group(2), int(match.group(3)), match.group(4)
        directive = DIRECTIVE.search(rest)
        name = rest[: directive.start()] if directive else rest
        below = [lv for lv in self.levels if lv.indent > indent]
        children = sum(lv.seen for lv in below)
        child_failed = sum(lv.failed for lv in below)
        for level in below:
            level.name = level.name or name.strip()
            level.ended = True
        self.settle(indent)
        if not self.levels or self.levels[-1].indent < indent:
            self.open(indent)
        level = self.levels[-1]
        level.seen += 1
        if level.planned is None:
            self.problems.append(f"test {number} {name} came before any plan")
            level.planned = 0
        if number != level.seen:
            self.problems.append(f"{level.name} {name}: number {number}, expected {level.seen}")
        ok = word == "ok" or bool(directive and directive.group(1).upper() == "TODO")
        level.failed += not ok
        if children:  # the closing line of a suite: its tests have been counted
            if not ok and not child_failed:
                self.problems.append(f"suite {name} failed, though none of its tests did")
            return
        full = f"{level.name}.{name}" if level.name else name
        kind = (directive.group(1).upper(), directive.group(2)) if directive else None
        self.tests.append([word == "ok", full, kind, self.context])
        self.context = []

    def close(self):
        level = self.levels.pop()
        self.finish(level)
        if self.levels and not level.ended:
            self.levels[-1].seen += 1
            self.problems.append(f"suite {level.name or 'without a name'} did not end")

    def finish(self, level):
        """Every announced test that never came is a failure with a name."""
        what = "test" if level.name or self.flat else "suite"
        for number in range(level.seen + 1, (level.planned or 0) + 1):
            name = f"{level.name + '.' if level.name else ''}{what} {number} of {level.planned}"
            why = ["announced in the plan, never run", *self.context]
            self.tests.append([False, name, None, why])
            self.context = []
        if level.planned is not None and level.seen > level.planned > 0:
            self.problems.append(f"{level.name}: {level.seen} {what}s, {level.planned} announced")

    # ---- verdict --------------------------------------------------------------------------

    def failed(self):
        return sum(not ok and not (kind and kind[0] == "TODO") for ok, _, kind, _ in self.tests)

    def verdict(self, status, status_ok, status_failed):
        """Why the run as a whole failed; an empty list when it did not."""
        reasons = list(self.problems)
        if not self.tests:
            reasons.append("no KTAP in the output: the tests never began" if not self.started
                           else "the tests began, but none has a result")
        if status is None:
            return reasons
        expected = status_failed if self.failed() else status_ok
        if expected == ANY_FAILURE:
            if status == status_ok:
                reasons.append(f"exit status {status}, though tests failed")
        elif status != expected:
            meaning = STATUS_MEANING.get(status, "not one of ours")
            reasons.append(f"exit status {status} ({meaning}), expected {expected}")
        return reasons


def tap_name(text):
    return text.replace("#", "\\#")


def convert(text, name, status=None, status_ok=33, status_failed=35, flat=False, prefix=""):
    """The TAP lines for one run."""
    run = Run(flat)
    run.read(text)
    reasons = run.verdict(status, status_ok, status_failed)
    out = [f"1..{len(run.tests) + 1}"]
    for number, (ok, test, kind, diagnostics) in enumerate(run.tests, 1):
        line = f"{'ok' if ok else 'not ok'} {number} - {tap_name(prefix + test)}"
        out.append(line + (f" # {kind[0]} {kind[1]}".rstrip() if kind else ""))
        if not ok:
            out += [f"#   {d}" for d in diagnostics[-CONTEXT_LINES:]]
    word = "not ok" if reasons else "ok"
    whole = f"{tap_name(prefix + name)}: every announced test ran, and the exit agrees"
    out.append(f"{word} {len(run.tests) + 1} - {whole}")
    out += [f"#   {reason}" for reason in reasons]
    if reasons:
        tail = [ANSI.sub("", ln).rstrip() for ln in text.splitlines()][-TAIL_LINES:]
        out += ["#   the last lines of the output:", *(f"#   | {ln}" for ln in tail)]
    return out


# ---- self-test ----------------------------------------------------------------------------------

GOOD = """\x1b[2J\x1b[01;01HSeaBIOS\r
GRUB loading. KTAP version 1\r
1..2\r
    KTAP version 1\r
    # Subtest: string\r
    1..2\r
[    0.001234] string: a line of the log\r
    # seed 42\r
    ok 1 strlen\r
    ok 2 strscpy # SKIP no room\r
ok 1 string\r
    KTAP version 1\r
    # Subtest: traps\r
    1..1\r
    ok 1 - div\r
ok 2 traps\r
"""

SELF_TESTS = [
    ("a good run", GOOD, 33, 4, 0),
    ("Bochs has no status", GOOD, None, 4, 0),
    ("the wrong status", GOOD, 35, 4, 1),
    ("a time-out", GOOD[: GOOD.index("    # Subtest: traps")], 124, 3, 1),
    ("a lost test", GOOD.replace("    ok 2 strscpy # SKIP no room\r\n", ""), 33, 4, 2),
    ("a failed test", GOOD.replace("    ok 1 - div", "    # 1 vs 2\n    not ok 1 - div")
     .replace("ok 2 traps", "not ok 2 traps"), 35, 4, 1),
    ("failed, but passed by status", GOOD.replace("ok 1 - div", "not ok 1 - div"), 33, 4, 2),
    ("nothing at all", "Booting from ROM..\r\n", 124, 1, 1),
    ("no output", "", 0, 1, 1),
    ("a panic in a test", GOOD[: GOOD.index("    ok 1 - div")] + "Kernel panic: oops\n", 37, 4, 2),
    ("a suite that fails alone", GOOD.replace("ok 2 traps", "not ok 2 traps"), 33, 4, 1),
    ("no Subtest line", GOOD.replace("    # Subtest: traps\r\n", ""), 33, 4, 0),
    ("a test outside a plan", "KTAP version 1\nok 1 x\n", 33, 2, 1),
    ("an empty plan", "KTAP version 1\n1..0\n", 35, 1, 1),
]

FLAT = "TAP version 13\n1..2\nok 1 - a\nnot ok 2 - b\n# one != two\n1..1\nok 1 - c\n"


def self_test():
    bad = 0
    for what, text, status, tests, failures in SELF_TESTS:
        out = convert(text, "self", status)
        bad_lines = sum(ln.startswith("not ok ") for ln in out)
        got = (sum(ln.startswith("ok ") for ln in out) + bad_lines, bad_lines)
        if got != (tests, failures) or out[0] != f"1..{tests}":
            bad += 1
            print(f"{what}: (tests, failed) {got}, not {(tests, failures)}", *out, sep="\n  ")
    out = convert(FLAT, "self", 1, 0, 1, flat=True, prefix="host.")
    if out[:5] != ["1..4", "ok 1 - host.a", "not ok 2 - host.b", "#   one != two", "ok 3 - host.c"]:
        bad += 1
        print("flat TAP:", *out, sep="\n  ")
    named = convert(GOOD.replace("    # Subtest: traps\r\n", ""), "self", 33)
    if "ok 1 - string.strlen" not in named:
        bad += 1
        print("names:", *named, sep="\n  ")
    return bad


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="run")
    parser.add_argument("--prefix", default="", help="goes before every test's name")
    parser.add_argument("--status", type=int)
    parser.add_argument("--status-ok", type=int, default=33)
    parser.add_argument("--status-failed", type=int, default=35)
    parser.add_argument("--flat", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return 1 if self_test() else 0
    text = sys.stdin.buffer.read().decode("utf-8", "backslashreplace").replace("\0", "")
    out = convert(text, args.name, args.status, args.status_ok, args.status_failed,
                  args.flat, args.prefix)
    print("\n".join(out))
    return 1 if any(line.startswith("not ok") for line in out) else 0


if __name__ == "__main__":
    sys.exit(main())
