"""What a person does with the installed packages: root.py runs it as a user of its own, in a session bus of its own.

use: connects an account, asks for one more permission, opens the window, follows a link.
links: connects in the window through links that a real browser follows (links.py).
own-service: runs the backend for oneself, as docs/your-own-service.md tells.
after-upgrade: the account is still there; writes into the index as a later version would.
after-downgrade: the account is still there; disconnects it and leaves this computer.
lacks-webkitgtk: starts the AppImage where WebKitGTK isn't installed.
portable: the same as "use" and "after-downgrade", but for the link, with programs that nothing was installed of: those that are first in PATH.
"""

import contextlib
import glob
import json
import os
import secrets
import sqlite3
import subprocess
import sys

import pexpect

import links
from session import (BACKEND, PATIENCE, SCHEME, SETTINGS, WITHOUT_SETTINGS, accounts, close_window, control, display, grants, program,
                     programs, running, servers, told, until, window, write)


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


def connect():
    control("next", {"user": "ada", "allow": ["profile:read", "wallet:read"], "auto": True})
    approve(("moneictl", "connect", "--no-browser", "--scopes", "profile:read,wallet:read,kyc:read"), "Use it", "link", "Is that you")
    control("next", {"user": "ada", "allow": ["kyc:read"], "auto": True})
    approve(("moneictl", "reconnect", "1", "--no-browser", "--scopes", "kyc:read"), "link")
    [account] = json.loads(told("moneictl", "status", "--check", "--json"))["accounts"]
    assert account["health"] == "connected" and sorted(account["granted"]) == ["kyc:read", "profile:read", "wallet:read"], account


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


def client(*words):
    """What a backend says of itself."""
    return json.loads(told("curl", "--silent", "--show-error", "--fail", *words))


def own_service():
    """docs/your-own-service.md, as far as it can be done without systemd, Monei and a public name."""
    folder = os.path.expanduser("~/own")
    os.makedirs(folder, mode=0o700)
    write(f"{folder}/secret", "mcs_" + secrets.token_hex(16), 0o400)
    write(f"{folder}/key", secrets.token_hex(32), 0o400)
    common = {
        "PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "MONEI_CLIENT_ID": "mc_of_the_trial", "MONEI_CLIENT_SECRET_FILE": f"{folder}/secret",
        "CONNECT_SEALING_KEY_FILE": f"{folder}/key", "CONNECT_OPERATOR_NAME": "Myself",
    }
    # On this computer: the socket is handed over as the user unit's is.
    told("systemd-analyze", "verify", "--user", "--man=no", "/usr/lib/systemd/user/connect-backend.socket")
    development = common | {"MONEI_ENVIRONMENT": "development", "MONEI_REDIRECT_URI": f"{BACKEND}/v1/callback"}
    names = [f"--setenv={name}" for name in development]
    with running("systemd-socket-activate", "--listen=127.0.0.1:43117", "--fdname=callers", *names, "connect-backend", env=development):
        answer = until("the own service", lambda: client(f"{BACKEND}/v1/client"))
        assert (answer["environment"], answer["operator"]["name"]) == ("development", "Myself"), answer

    # On a server: behind Caddy, with the sample and a certificate of Caddy's own authority.
    name = "connect.localhost"
    with open("/usr/share/doc/connect-backend/Caddyfile", encoding="utf-8") as file:
        sample = file.read()
    sample = sample.replace("http://connect.example.org", f"http://{name}:8081").replace("connect.example.org {", f"{name}:8443 {{\n\ttls internal")
    sample = sample.replace("/var/log/caddy", folder).replace("{\n", "{\n\tskip_install_trust\n\thttp_port 8081\n\tadmin off\n", 1)
    write(f"{folder}/Caddyfile", sample, 0o600)
    production = common | {
        "MONEI_ENVIRONMENT": "production", "MONEI_REDIRECT_URI": f"https://{name}/v1/callback", "CONNECT_LISTEN": "127.0.0.1:8080",
        "CONNECT_TRUSTED_PROXIES": "127.0.0.1",
    }
    authority = os.path.expanduser("~/.local/share/caddy/pki/authorities/local/root.crt")
    with running("connect-backend", env=production), running("caddy", "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"):
        until("Caddy's certificate", lambda: os.path.exists(authority))
        asked = ("--cacert", authority, "--resolve", f"{name}:8443:127.0.0.1", f"https://{name}:8443/v1/client")
        answer = until("the own service behind Caddy", lambda: client(*asked))
        assert (answer["environment"], answer["operator"]["name"]) == ("production", "Myself"), answer
        plain = told("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--resolve", f"{name}:8081:127.0.0.1", f"http://{name}:8081/v1/client")
        assert plain == "404", plain
    print("An own service: on a socket that was handed over, and behind Caddy.")


def after_upgrade():
    [account] = accounts()
    assert sorted(account["granted"]) == ["kyc:read", "profile:read", "wallet:read"], account
    [index] = glob.glob(os.path.expanduser(f"~/.local/share/{SCHEME}/sandbox*/**/index.sqlite"), recursive=True)
    with contextlib.closing(sqlite3.connect(index)) as database:
        [(schema,)] = database.execute("PRAGMA user_version")
        database.execute(f"PRAGMA user_version = {schema + 1}")
    refused = subprocess.run(["moneictl", "accounts"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert refused.returncode != 0 and "newer version" in refused.stderr, refused
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
    found = subprocess.run(["secret-tool", "search", "--all", "service", SCHEME], capture_output=True, text=True)
    assert SCHEME not in found.stdout + found.stderr, found
    print("Left: nothing in the home folder, nothing in the keychain.")


def main():
    # A keyring as a login opens it, with a password that is this root's alone.
    subprocess.run(["gnome-keyring-daemon", "--unlock", "--components=secrets"], input=b"clean root", check=True, stdout=subprocess.DEVNULL)
    if sys.argv[1] == "own-service":
        return own_service()
    if sys.argv[1] == "lacks-webkitgtk":
        return lacks_webkitgtk()
    os.environ.update(SETTINGS)
    if sys.argv[1] == "links":
        return links.follow()
    with servers():
        {"use": use, "after-upgrade": after_upgrade, "after-downgrade": after_downgrade, "portable": portable}[sys.argv[1]]()


if __name__ == "__main__":
    main()
