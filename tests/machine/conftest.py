"""How pytest speaks TAP to prove: with TEAK_TAP=1 (tools/run-tests.sh sets it) every test is one
line of TAP. Without it, `pytest tests/machine` reports as pytest does."""

import os

import pytest

TAP = bool(os.environ.get("TEAK_TAP"))
state = {"number": 0}


def say(*lines):
    with state["capture"].global_and_fixture_disabled():
        for line in lines:
            print(line, flush=True)


def say_test(ok, name, directive="", details=""):
    state["number"] += 1
    word = "ok" if ok else "not ok"
    say(f"{word} {state['number']} - {name}{directive}")
    say(*(f"#   {line}" for line in details.splitlines()))


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    state["capture"] = config.pluginmanager.getplugin("capturemanager")
    if TAP:
        config.pluginmanager.unregister(name="terminalreporter")


def pytest_collection_finish(session):
    if TAP:
        say(f"1..{len(session.items)}")


def pytest_collectreport(report):
    if TAP and report.failed:
        say("1..1")
        say_test(False, f"{report.nodeid} cannot be read", details=str(report.longrepr))


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report):
    """One line a test: its call, or the set-up that kept it from being called."""
    if not TAP:
        return
    name = report.nodeid.rpartition("/")[2].replace("#", "")
    if report.skipped:
        say_test(True, name, f" # SKIP {report.longrepr[2].removeprefix('Skipped: ')}")
    elif report.failed:
        captured = [f"{head}\n{text}" for head, text in report.sections]
        name += " (tear-down)" if report.when == "teardown" else ""
        say_test(False, name, details="\n".join([report.longreprtext, *captured]))
    elif report.when == "call":
        say_test(True, name)
