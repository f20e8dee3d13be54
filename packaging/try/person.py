"""What a person does with the installed packages: root.py runs it as a user of its own, in a session bus of its own.

use: connects an account, asks for one more permission, opens the window, follows a link, writes into the index as a later version would.
own-service: runs the backend for oneself, as docs/your-own-service.md tells.
after-upgrade, after-downgrade: the account is still there; the latter disconnects it and leaves this computer.
"""

import contextlib
import glob
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import time
import urllib.request

import pexpect

SANDBOX = "http://127.0.0.1:43118"
BACKEND = "http://127.0.0.1:43117"
SCHEME = "org.moneiconnections.manager"
SETTINGS = {"CONNECT_BACKEND_URL": BACKEND, "MONEI_ENVIRONMENT": "sandbox"}
# As people have it.
WITHOUT_SETTINGS = ["env", *(f"--unset={name}" for name in SETTINGS)]
PATIENCE = 60


def control(path, body):
    request = urllib.request.Request(f"{SANDBOX}/sandbox/api/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


def grants():
    """Live grants at the sandbox."""
    with urllib.request.urlopen(f"{SANDBOX}/sandbox/api/state", timeout=PATIENCE) as answer:
        return [grant for grant in json.load(answer)["grants"] if grant["alive"]]


def until(what, look):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            if found := look():
                return found
        time.sleep(0.1)
    raise AssertionError(f"waited {PATIENCE} s for {what}")


def told(*words):
    print("+", *words, flush=True)
    return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout


def accounts():
    return json.loads(told("moneictl", "accounts", "--json"))["accounts"]


def sealing_key():
    """The same in each part of the trial: it opens what the program keeps."""
    path = os.path.expanduser("~/sealing-key")
    if not os.path.exists(path):
        with open(path, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
    with open(path, encoding="ascii") as file:
        return file.read()


@contextlib.contextmanager
def servers():
    """The sandbox and the backend, as their packages brought them."""
    secret = os.path.expanduser("~/sandbox-secret")
    words = ["--state-file", f"{secret}.json", "--client-secret-file", secret]
    started = [subprocess.Popen(["monei-sandbox", *words], stdout=subprocess.DEVNULL)]
    try:
        until("the sandbox", lambda: urllib.request.urlopen(f"{SANDBOX}/healthz", timeout=5))
        own = {
            "MONEI_ENVIRONMENT": "sandbox", "MONEI_SANDBOX_URL": SANDBOX, "MONEI_CLIENT_ID": "mc_sim_local", "MONEI_CLIENT_SECRET_FILE": secret,
            "MONEI_REDIRECT_URI": f"{BACKEND}/v1/callback", "CONNECT_OPERATOR_NAME": "Operator of a clean root", "CONNECT_SEALING_KEY": sealing_key(),
        }
        log = open(os.path.expanduser("~/backend.log"), "ab")
        started.append(subprocess.Popen(["connect-backend"], env={**os.environ, **own}, stdout=log))
        until("the backend", lambda: urllib.request.urlopen(f"{BACKEND}/v1/client", timeout=5))
        yield
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(PATIENCE)


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


@contextlib.contextmanager
def window(settings):
    """The program's window on a display of its own."""
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS} | settings | {"DISPLAY": ":7"}
    display = subprocess.Popen(["Xvfb", ":7", "-screen", "0", "1280x900x24", "-nolisten", "tcp"], stderr=subprocess.DEVNULL)
    os.environ["DISPLAY"] = ":7"
    program = None
    try:
        until("the display", lambda: os.path.exists("/tmp/.X11-unix/X7"))
        program = subprocess.Popen(["monei-connect"], env=environment)
        until("the window", lambda: told("xdotool", "search", "--onlyvisible", "--name", "Monei Connections").strip())
        yield program
    finally:
        for process in filter(None, (program, display)):
            process.terminate()
            process.wait(PATIENCE)


def seen():
    """How many colours the screen has: a window that shows nothing has few."""
    return int(told("sh", "-c", "import -window root png:- | identify -format %k -"))


def screen():
    """A digest of what is on the screen."""
    return told("sh", "-c", "import -window root rgb:- | sha256sum")


def use():
    control("next", {"user": "ada", "allow": ["profile:read", "wallet:read"], "auto": True})
    approve(("moneictl", "connect", "--no-browser", "--scopes", "profile:read,wallet:read,kyc:read"), "Use it", "link", "Is that you")
    control("next", {"user": "ada", "allow": ["kyc:read"], "auto": True})
    approve(("moneictl", "reconnect", "1", "--no-browser", "--scopes", "kyc:read"), "link")
    [account] = json.loads(told("moneictl", "status", "--check", "--json"))["accounts"]
    assert account["health"] == "connected" and sorted(account["granted"]) == ["kyc:read", "profile:read", "wallet:read"], account
    assert told("xdg-mime", "query", "default", f"x-scheme-handler/{SCHEME}").strip() == "monei-connections.desktop"
    with window(SETTINGS):
        until("a page in the window", lambda: seen() > 200)
        told("sh", "-c", "import -window root /tmp/window.png")
    # As people have it: without settings. A link goes to the program that runs, which stays the only one.
    with window({}) as program:
        until("a page in the window", lambda: seen() > 200)
        before = screen()
        told(*WITHOUT_SETTINGS, "xdg-open", f"{SCHEME}:/callback?tx={'A' * 22}&handoff={'A' * 43}")
        until("what the program says about the link", lambda: screen() != before)
        told("sh", "-c", "import -window root /tmp/link.png")
        assert program.poll() is None and len(told("pgrep", "--exact", "monei-connect").split()) == 1
    print("Used: connected, asked for one more permission, opened the window, followed a link.")


@contextlib.contextmanager
def running(*words, **options):
    print("+", *words, flush=True)
    process = subprocess.Popen(words, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def write(path, text, mode):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)


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
        database.execute("PRAGMA user_version = 999")
    refused = subprocess.run(["moneictl", "accounts"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert refused.returncode != 0 and "newer version" in refused.stderr, refused
    print("An index of a later version:", refused.stderr.strip())
    with contextlib.closing(sqlite3.connect(index)) as database:
        database.execute(f"PRAGMA user_version = {schema}")
    assert len(accounts()) == 1
    print("Upgraded: the account is still there.")


def after_downgrade():
    assert len(accounts()) == 1
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
    os.environ.update(SETTINGS)
    with servers():
        {"use": use, "after-upgrade": after_upgrade, "after-downgrade": after_downgrade}[sys.argv[1]]()


if __name__ == "__main__":
    main()
