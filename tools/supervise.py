"""Running an emulator so that nothing is left behind: no process, no raw terminal, no endless wait.

run() starts one child and returns its exit status. Whatever ends us (a signal, the time limit, an
exception) ends the child first; if we are killed outright the kernel ends it (PR_SET_PDEATHSIG).
"""
import contextlib
import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import termios
import time
import tty

TIMED_OUT = 124
CANNOT_START = 125
GRACE = 3.0			# seconds between asking a child to end and making it
CTRL_A = 0x01
PR_SET_PDEATHSIG = 1


def say(text):
    print(f"vm: {text}", file=sys.stderr, flush=True)


def fail(text):
    say(text)
    sys.exit(CANNOT_START)


def die_with_parent():
    """In the child, before exec. Linux only; elsewhere the other ways must do."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def stop(child):
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@contextlib.contextmanager
def signals_end_us():
    """A signal that would kill us becomes SystemExit, so that every `finally` runs. The first one only: a
    closed terminal sends SIGHUP more than once, and the clean-up must not be cut short."""
    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def leave(number, _frame):
        for each in caught:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = [signal.signal(number, leave) for number in caught]
    yield
    for number, handler in zip(caught, before):
        signal.signal(number, handler)


@contextlib.contextmanager
def terminal_kept(raw=False):
    """Give the terminal back as it was, whatever the child did to it."""
    if not sys.stdin.isatty():
        yield
        return
    saved = termios.tcgetattr(sys.stdin)
    try:
        if raw:
            tty.setraw(sys.stdin)
        yield
    finally:
        with contextlib.suppress(termios.error):	# the terminal may be gone
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, saved)


class Keys:
    """What is typed on its way to the guest: takes Ctrl-A X out, as QEMU does."""
    def __init__(self):
        self.escape = False
        self.quit = False

    def feed(self, typed):
        if not sys.stdin.isatty():
            return typed
        out = bytearray()
        for byte in typed:
            if self.escape:
                self.escape = False
                self.quit |= byte in b"xX"
                if byte in (CTRL_A, ord("a")):
                    out.append(CTRL_A)
            elif byte == CTRL_A:
                self.escape = True
            else:
                out.append(byte)
        return bytes(out)


def relay(fd, alive, deadline):
    """Carry bytes between this terminal and fd while alive(); "quit" or "timeout" if it was not that."""
    keys = Keys()
    pending = b""
    stdin_open = True
    os.set_blocking(fd, False)
    while True:
        was_alive = alive()
        if deadline and time.monotonic() > deadline:
            return "timeout"
        sources = [fd] + ([sys.stdin.fileno()] if stdin_open and len(pending) < 4096 else [])
        readable, writable, _ = select.select(sources, [fd] if pending else [], [], 0.1)
        if fd in readable:
            try:
                data = os.read(fd, 65536)
            except OSError:		# a pty whose other side is closed
                data = b""
            if not data:
                return None
            os.write(sys.stdout.fileno(), data)
        elif not was_alive:
            return None
        if sys.stdin.fileno() in readable:
            typed = os.read(sys.stdin.fileno(), 4096)
            stdin_open = bool(typed)
            pending += keys.feed(typed)
            if keys.quit:
                return "quit"
        if fd in writable:
            pending = pending[os.write(fd, pending):]


def run(command, timeout=None, console=None, **popen):
    """Run command to its end. With `console`, a file descriptor, this terminal talks to that; without,
    the child has our terminal to itself."""
    deadline = time.monotonic() + timeout if timeout else None
    with signals_end_us(), terminal_kept(raw=console is not None):
        child = subprocess.Popen(command, preexec_fn=die_with_parent, **popen)
        try:
            if console is not None:
                why = relay(console, lambda: child.poll() is None, deadline)
                if why == "timeout":
                    return TIMED_OUT
                if why == "quit":
                    return 0
            status = child.wait(max(0, deadline - time.monotonic()) if deadline else None)
            return status if status >= 0 else 128 - status
        except subprocess.TimeoutExpired:
            return TIMED_OUT
        finally:
            stop(child)


def attach(path):
    """This terminal becomes the console that listens on a unix socket; returns an exit status."""
    say(f"{path}; Ctrl-A X leaves")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        with signals_end_us(), terminal_kept(raw=True):
            relay(sock.fileno(), lambda: True, None)
    return 0
