"""Links of the installed scheme, followed by a real browser: to the program that runs, to the program that doesn't run any more, and where
another program has taken the scheme."""

import contextlib
import json
import os
import time

from browser import browser
from screen_reader import BUTTON, ScreenReader
from session import (SCHEME, SETTINGS, close_window, display, program, programs, servers, told, until, write)

# What the browser's question is answered with. It has the name from the desktop entry.
OPEN = "Open Monei Connections"
LINKS, LOOPBACK = "Through an app link", "Through this computer"
TAKEN = "App links don’t come back to this program"


def follow():
    with servers(), display(), browser() as chromium:
        reader = ScreenReader()
        with program(SETTINGS) as process:
            choose(reader, process.pid, LINKS)
            ask(reader, process.pid)
            chromium.reach_consent("tunde")
            chromium.allow(["profile:read"])
            agree(reader, chromium)
            keep(reader, process.pid)
            # The browser's start handed the link over and ended.
            assert programs() == [process.pid], programs()
        print("A link reached the program that ran.")
        with program(SETTINGS) as process:
            ask(reader, process.pid)
            chromium.reach_consent("blocked")
            close_window()
            chromium.allow(["profile:read"])
            agree(reader, chromium)
            [started] = until("the program that the link starts", programs)
            keep(reader, started)
            close_window()
        print("A link started the program, which finished what it had begun.")
        assert TAKEN not in told("monei-connect", "diagnose")
        with taken() as got:
            assert TAKEN in told("monei-connect", "diagnose")
            with program(SETTINGS) as process:
                ask(reader, process.pid)
                reader.reads(process.pid, f"{TAKEN}: the system hands them to something else")
                chromium.reach_consent("markup")
                chromium.allow(["profile:read"])
                keep(reader, process.pid)
                choose(reader, process.pid, LOOPBACK)
            assert not os.path.exists(got), got
        print("A foreign program had the scheme: that was told, the answer came through this computer, and it got nothing.")
        all_of_them = json.loads(told("moneictl", "status", "--check", "--json"))["accounts"]
        assert [account["health"] for account in all_of_them] == ["connected"] * 4, all_of_them
        for number in range(len(all_of_them), 1, -1):
            told("moneictl", "disconnect", str(number), "--yes")


def choose(reader, pid, way):
    reader.press(pid, "Settings")
    reader.choose(pid, way)


def ask(reader, pid):
    reader.press(pid, "Connect an account")
    reader.press(pid, "Continue in browser")


def agree(reader, chromium):
    """Answers the browser's question whether a page may open a link."""
    until("the browser's question", lambda: reader.find(chromium.pid(), BUTTON, OPEN), lambda: reader.said(chromium.pid()))
    told("sh", "-c", "import -window root /tmp/question.png")
    # A press that comes too soon after the question is ignored: Chromium takes it for one that was meant for what was there before.
    until("the question to be gone", lambda: answered(reader, chromium.pid()), lambda: reader.said(chromium.pid()))


def answered(reader, pid):
    found = reader.find(pid, BUTTON, OPEN)
    if found:
        print(f"+ press {OPEN!r}", flush=True)
        reader.act(found)
        time.sleep(1)
    return not found


def keep(reader, pid):
    reader.press(pid, "Keep it")
    reader.press(pid, "Go to the account")


@contextlib.contextmanager
def taken():
    """Another program is the handler of the scheme. Gives the file into which it writes what it gets."""
    home, name = os.path.expanduser("~"), "foreign.desktop"
    got, entry, chosen = f"{home}/got", f"{home}/.local/share/applications/{name}", f"{home}/.config/mimeapps.list"
    write(f"{home}/foreign", f"#!/bin/sh\nprintf '%s\\n' \"$1\" > {got}\n", 0o755)
    os.makedirs(os.path.dirname(entry), exist_ok=True)
    write(entry, f"[Desktop Entry]\nType=Application\nName=Foreign\nExec={home}/foreign %u\nMimeType=x-scheme-handler/{SCHEME};\n", 0o644)
    told("xdg-mime", "default", name, f"x-scheme-handler/{SCHEME}")
    told("xdg-open", f"{SCHEME}:/nothing")
    until("the foreign program to get a link", lambda: os.path.exists(got))
    os.remove(got)
    try:
        yield got
    finally:
        os.remove(entry)
        with open(chosen, encoding="utf-8") as file:
            kept = [line for line in file if name not in line]
        write(chosen, "".join(kept), 0o600)
