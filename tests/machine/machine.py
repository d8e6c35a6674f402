"""Teak in a machine, driven from outside: the serial line as a person would use it, and QMP.

    with Machine() as teak:
        assert teak.command("echo hello") == "hello"
        print(teak.qmp.hmp("info registers"))

The machine is started by tools/vm, so that tests and people boot the same thing. Every wait has
a bound, generous because the build machine may be loaded; when one runs out, the error shows the
end of what the serial line said. tools/vm itself stops QEMU at the end of `limit`.
"""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")  # an absolute BUILD stays as it is
PROMPT = "teak> "
PATIENCE = 60  # seconds for one answer
ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][0-9A-Za-z]|\x1b[=>cM78]")
# The prompt at the start of a line; a redraw of the line begins with a carriage return alone.
PROMPT_LINE = re.compile(r"(?:^|(?<=\n))(?:\r|\x1b\[[0-9;?]*[A-Za-z])*" + re.escape(PROMPT))


def plain(text):
    """What a terminal would show of it, as lines, without colours and carriage returns."""
    return ANSI.sub("", text).replace("\r", "")


class Qmp:
    """QEMU's control socket: one request at a time, events kept in order (QEMU's qmp-spec)."""

    def __init__(self, path, patience=PATIENCE):
        self.events = []
        end = time.monotonic() + patience
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                self.socket.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        self.socket.settimeout(patience)
        self.lines = self.socket.makefile("rb")
        self.receive()  # the greeting
        self.run("qmp_capabilities")

    def receive(self):
        line = self.lines.readline()
        if not line:
            raise EOFError("QEMU closed its control socket")
        return json.loads(line)

    def run(self, command, **arguments):
        request = json.dumps({"execute": command, "arguments": arguments})
        self.socket.sendall(request.encode() + b"\n")
        while True:
            answer = self.receive()
            if "event" in answer:
                self.events.append(answer["event"])
            elif "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            else:
                return answer["return"]

    def hmp(self, line):
        """A line for the monitor that people use, and its answer."""
        return self.run("human-monitor-command", **{"command-line": line}).replace("\r", "")

    def wait_event(self, name):
        while name not in self.events:
            answer = self.receive()
            if "event" in answer:
                self.events.append(answer["event"])
        self.events = self.events[self.events.index(name) + 1 :]

    def close(self):
        self.lines.close()
        self.socket.close()


class Machine:
    """A running Teak. `env` holds tools/vm's knobs (MEM, CPU, MACHINE, QEMU_ARGS...)."""

    def __init__(self, cmdline="", kind="tcg", options=(), limit=240, prompt=True, **env):
        self.directory = tempfile.TemporaryDirectory(prefix="teak-")
        self.output = ""
        self.position = 0
        self.changed = threading.Condition()
        self.ended = False
        self._qmp = None
        self.qmp_path = pathlib.Path(self.directory.name) / "qmp"
        command = [str(ROOT / "tools/vm"), kind, "--timeout", str(limit), "--raw-status"]
        if kind in ("tcg", "kvm"):
            command += ["--qmp", str(self.qmp_path)]
        knobs = {"CMDLINE": cmdline, "BUILD": str(BUILD), **env}
        self.process = subprocess.Popen(
            [*command, *options], cwd=ROOT, env={**os.environ, **knobs}, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Thread(target=self.read_serial, daemon=True).start()
        if prompt:
            try:
                self.wait_prompt()
            except BaseException:
                self.close()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._qmp:
            self._qmp.close()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.process.stdin.close()
        self.directory.cleanup()

    # ---- the serial line --------------------------------------------------------------------

    def read_serial(self):
        fd = self.process.stdout.fileno()
        while chunk := os.read(fd, 65536):
            with self.changed:
                self.output += chunk.decode("latin-1")
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def expect(self, pattern, patience=PATIENCE):
        """Wait for a match in what was not yet consumed, consume up to its end, return it."""
        regex = re.compile(pattern)
        end = time.monotonic() + patience
        with self.changed:
            while not (match := regex.search(self.output, self.position)):
                left = end - time.monotonic()
                if self.ended or left <= 0:
                    why = "the machine ended" if self.ended else f"{patience} s went by"
                    tail = plain(self.output[self.position :])[-3000:]
                    raise AssertionError(
                        f"{why} without {regex.pattern!r}; the serial line said:\n{tail}")
                self.changed.wait(left)
            self.position = match.end()
            return match

    def send(self, data):
        data = data.encode("latin-1") if isinstance(data, str) else data
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def wait_prompt(self, patience=PATIENCE * 2):
        """What was said before the prompt."""
        start = self.position
        match = self.expect(PROMPT_LINE, patience)
        return plain(self.output[start : match.start()])

    def command(self, line, patience=PATIENCE):
        """Type a line; what it printed, without the echo and the prompt that follows."""
        self.send(line + "\r")
        self.expect(r"\n")
        return self.wait_prompt(patience).strip("\n")

    def last_words(self, patience=PATIENCE):
        """(what was not yet consumed until the end, QEMU's exit status) of a machine that ends."""
        status = self.process.wait(patience)
        with self.changed:
            self.changed.wait_for(lambda: self.ended, patience)
        return plain(self.output[self.position :]), status

    # ---- QEMU's side ------------------------------------------------------------------------

    @property
    def qmp(self):
        if not self._qmp:
            self._qmp = Qmp(self.qmp_path)
        return self._qmp

    def physical(self, address, size):
        """Bytes of physical memory, as a list."""
        lines = self.qmp.hmp(f"xp /{size}bx {address:#x}").splitlines()
        return [int(word, 16) for line in lines for word in line.partition(":")[2].split()]

    def crtc(self, index):
        """A register of the VGA's CRT controller. Writes its index register."""
        self.qmp.hmp(f"o /b 0x3d4 {index}")
        return int(self.qmp.hmp("i /b 0x3d5").split("=")[1], 16)

    def screen(self):
        """The VGA text screen: 25 lines, blanks at the end removed."""
        start = self.crtc(0x0C) << 8 | self.crtc(0x0D)  # in characters; scrolling moves it
        cells = self.physical(0xB8000 + 2 * start, 80 * 25 * 2)[::2]
        text = "".join(chr(cell) if 32 <= cell < 127 else " " for cell in cells)
        return [text[i : i + 80].rstrip() for i in range(0, len(text), 80)]

    def wait_screen(self, text, patience=PATIENCE):
        end = time.monotonic() + patience
        while not any(text in line for line in self.screen()):
            if time.monotonic() > end:
                raise AssertionError(f"no {text!r} on the screen:\n" + "\n".join(self.screen()))
            time.sleep(0.2)

    def press(self, text):
        """Type on the PS/2 keyboard: letters, digits, blank and Enter ('\\n')."""
        names = {" ": "spc", "\n": "ret", "-": "minus"}
        for character in text:
            key = names.get(character, character)
            self.qmp.run("send-key", keys=[{"type": "qcode", "data": key}], **{"hold-time": 20})
            time.sleep(0.06)  # QEMU's keyboard takes 16 codes at most; a person is slower than this


def symbols():
    """build/teak.sym: name -> address."""
    table = {}
    for line in (BUILD / "teak.sym").read_text().splitlines():
        address, _, name = line.split()
        table[name] = int(address, 16)
    return table
