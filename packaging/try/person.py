"""What a person does with the installed packages: root.py runs it as a user of its own, in a session bus of its own.

use: connects an account, asks for one more permission, opens the window, follows a link.
links: connects in the window through links that a real browser follows (links.py).
after-upgrade: the account is still there, also where the index is as an earlier version left it; writes into it as a later version would.
after-downgrade: the account is still there; disconnects it and leaves this computer.
lacks-webkitgtk: starts the AppImage where WebKitGTK isn't installed.
portable: the same as "use" and "after-downgrade", but for the link, with programs that nothing was installed of: those that are first in PATH.
"""

import contextlib
import glob
import json
import os
import sqlite3
import subprocess
import sys

import pexpect

import links
from session import (PATIENCE, SCHEME, SETTINGS, WITHOUT_SETTINGS, accounts, close_window, control, display, grants, program, programs, servers,
                     told, until, window)

HERE = os.path.dirname(os.path.abspath(__file__))
# How the keychain's entries are named: of the sandbox, and of production.
SERVICES = [f"{SCHEME}.sandbox", SCHEME]


def approve(command, *answers):
    """Runs `command` at a terminal: follows its link as a browser does, and types yes to each question."""
    terminal = pexpect.spawn(command[0], list(command[1:]), encoding="utf-8", timeout=PATIENCE, logfile=sys.stdout, dimensions=(40, 400))
    for question in answers:
        if question == "link":
            terminal.expect(r"(http://127\.0\.0\.1:43117/v1/start\S+)")
            # The loopback answer at the end is a page that says that it can be closed.
            told("curl", "--silent", "--show-error", "--fail", "--location", "--cookie", "", "--output", "/dev/null", terminal.match.group(1))
        else:
            terminal.expect(question)
            terminal.sendline("y")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0, terminal.exitstatus


def seen():
    """How many colours the window has, without its frame: one that shows nothing has few."""
    return int(told("sh", "-c", f"import -window {window()} png:- | identify -format %k -"))


def shown():
    """A digest of what the window shows."""
    return told("sh", "-c", f"import -window {window()} rgb:- | sha256sum")


def in_keychain(service):
    """What the keychain has under this name. Attributes come in the standard error."""
    found = subprocess.run(["secret-tool", "search", "--all", "service", service], capture_output=True, text=True, check=False)
    return service in found.stdout + found.stderr


def connect():
    control("next", {"user": "ada", "allow": ["profile:read", "wallet:read"], "auto": True})
    approve(("moneictl", "connect", "--no-browser", "--scopes", "profile:read,wallet:read,kyc:read"), "Use it", "link", "Is that you")
    control("next", {"user": "ada", "allow": ["kyc:read"], "auto": True})
    approve(("moneictl", "reconnect", "1", "--no-browser", "--scopes", "kyc:read"), "link")
    [account] = json.loads(told("moneictl", "status", "--check", "--json"))["accounts"]
    assert account["health"] == "connected" and sorted(account["granted"]) == ["kyc:read", "profile:read", "wallet:read"], account
    assert in_keychain(SERVICES[0])


def open_window():
    print(told("monei-connect", "--version"), told("monei-connect", "diagnose"))
    with display(), program(SETTINGS) as process:
        until("a page in the window", lambda: seen() > 200)
        told("sh", "-c", "import -window root /tmp/window.png")
        close_window()
        assert process.wait(PATIENCE) == 0, process.returncode


def handler():
    """Which desktop entry gets links of the scheme."""
    return told("xdg-mime", "query", "default", f"x-scheme-handler/{SCHEME}").strip()


def use():
    connect()
    open_window()
    assert handler() == "monei-connections.desktop", handler()
    # As people have it: without settings. A link goes to the program that runs, which stays the only one.
    with display(), program({}) as process:
        until("a page in the window", lambda: seen() > 200)
        before = shown()
        told(*WITHOUT_SETTINGS, "xdg-open", f"{SCHEME}:/callback?tx={'A' * 22}&handoff={'A' * 43}")
        until("what the program says about the link", lambda: shown() != before)
        told("sh", "-c", "import -window root /tmp/link.png")
        assert process.poll() is None and programs() == [process.pid], programs()
    print("Used: connected, asked for one more permission, opened the window, followed a link.")


def portable():
    connect()
    open_window()
    # Nothing was registered for it, by nobody.
    assert not handler(), handler()
    leave()
    print("Used without an installation: connected, asked for one more permission, opened the window, disconnected, left this computer.")


def lacks_webkitgtk():
    for language, sentence in (("C.UTF-8", "install the package libwebkit2gtk-4.1-0"), ("fr_FR.UTF-8", "installez le paquet libwebkit2gtk-4.1-0")):
        refused = subprocess.run(["monei-connect"], env={**os.environ, "LANG": language}, capture_output=True, text=True, timeout=PATIENCE)
        assert refused.returncode == 127 and sentence in refused.stderr and len(refused.stderr.splitlines()) == 1, refused
        print("Without WebKitGTK:", refused.stderr.strip())


def connected():
    """The one account is there and works: Monei is asked."""
    [account] = json.loads(told("moneictl", "status", "--check", "--json"))["accounts"]
    assert account["health"] == "connected" and sorted(account["granted"]) == ["kyc:read", "profile:read", "wallet:read"], account


def as_earlier(index, fixture):
    """Writes the index anew as `fixture` has it, with what there is of the person's accounts, grants and settings."""
    with contextlib.closing(sqlite3.connect(index)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    now = f"{index}.now"
    os.rename(index, now)
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.remove(index + ending)
    os.close(os.open(index, os.O_WRONLY | os.O_CREAT, 0o600))
    with contextlib.closing(sqlite3.connect(index)) as database:
        with open(fixture, encoding="utf-8") as file:
            database.executescript(file.read())
        tables = [name for [name] in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
        for table in tables:
            database.execute(f"DELETE FROM {table}")
        database.execute("ATTACH ? AS now", [now])
        for table in ("accounts", "grants", "settings"):
            columns = ", ".join(row[1] for row in database.execute(f"PRAGMA main.table_info({table})"))
            database.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}")
        database.commit()
    os.remove(now)


def schema_of(index):
    with contextlib.closing(sqlite3.connect(index)) as database:
        [(schema,)] = database.execute("PRAGMA user_version")
    return schema


def content(index):
    with contextlib.closing(sqlite3.connect(index)) as database:
        return list(database.iterdump())


def after_upgrade():
    connected()
    [index] = glob.glob(os.path.expanduser(f"~/.local/share/{SCHEME}/sandbox*/**/index.sqlite"), recursive=True)
    schema = schema_of(index)
    fixtures = sorted(glob.glob(f"{HERE}/schema-*.sql"))
    assert len(fixtures) == schema - 1, fixtures
    for fixture in fixtures:
        as_earlier(index, fixture)
        was = schema_of(index)
        connected()
        assert schema_of(index) == schema, (fixture, schema_of(index))
        # One that couldn't be taken over would have been set aside, and what it lists found again.
        aside = glob.glob(f"{os.path.dirname(index)}/*damaged*")
        assert not aside, aside
        print(f"An index of schema {was}: taken over, and the account works.")
    with contextlib.closing(sqlite3.connect(index)) as database:
        database.execute(f"PRAGMA user_version = {schema + 1}")
    before = content(index)
    refused = subprocess.run(["moneictl", "accounts"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert refused.returncode != 0 and "newer version" in refused.stderr and content(index) == before, refused
    print("An index of a later version:", refused.stderr.strip())
    with contextlib.closing(sqlite3.connect(index)) as database:
        database.execute(f"PRAGMA user_version = {schema}")
    assert len(accounts()) == 1
    print("Upgraded: the account is still there.")


def after_downgrade():
    assert len(accounts()) == 1
    leave()


def leave():
    told("moneictl", "disconnect", "--all", "--yes")
    assert not grants(), grants()
    told("moneictl", "leave", "--yes")
    # What the window wrote that was open without settings.
    told(*WITHOUT_SETTINGS, "moneictl", "leave", "--yes")
    left = [path for path in glob.glob(os.path.expanduser("~/.*/**"), recursive=True, include_hidden=True) if SCHEME in path]
    assert not left, left
    for service in SERVICES:
        assert not in_keychain(service), service
    print("Left: nothing in the home folder, nothing in the keychain.")


def main():
    # A keyring as a login opens it, with a password that is this root's alone.
    subprocess.run(["gnome-keyring-daemon", "--unlock", "--components=secrets"], input=b"clean root", check=True, stdout=subprocess.DEVNULL)
    if sys.argv[1] == "lacks-webkitgtk":
        return lacks_webkitgtk()
    os.environ.update(SETTINGS)
    if sys.argv[1] == "links":
        return links.follow()
    with servers():
        {"use": use, "after-upgrade": after_upgrade, "after-downgrade": after_downgrade, "portable": portable}[sys.argv[1]]()


if __name__ == "__main__":
    main()
