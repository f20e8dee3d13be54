"""What every part of the trial shares: the settings, the packaged servers, a display, and waiting."""

import contextlib
import json
import os
import secrets
import subprocess
import time
import urllib.request

SANDBOX = "http://127.0.0.1:43118"
BACKEND = "http://127.0.0.1:43117"
SCHEME = "org.moneiconnections.manager"
# The scheme that the package registers is that of production; the sandbox is given it, too.
SETTINGS = {"CONNECT_BACKEND_URL": BACKEND, "CONNECT_LINK_SCHEME": SCHEME, "MONEI_ENVIRONMENT": "sandbox"}
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


def until(what, look, seen=lambda: ""):
    """Waits for what `look` gives. If that never comes, `seen` tells what is there instead."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        # An IndexError: a window that isn't there.
        with contextlib.suppress(OSError, IndexError, subprocess.CalledProcessError):
            if found := look():
                return found
        time.sleep(0.1)
    raise AssertionError(f"waited {PATIENCE} s for {what}; {seen()}")


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


@contextlib.contextmanager
def display():
    """A display with a window manager."""
    os.environ["DISPLAY"] = ":7"
    with running("Xvfb", ":7", "-screen", "0", "1280x900x24", "-r", "-nolisten", "tcp", stderr=subprocess.DEVNULL):
        until("the display", lambda: os.path.exists("/tmp/.X11-unix/X7"))
        with running("openbox", stderr=subprocess.DEVNULL):
            until("the window manager", lambda: told("xdotool", "get_num_desktops").strip())
            yield


@contextlib.contextmanager
def program(settings):
    """The program with its window; whichever is first in PATH."""
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS} | settings
    with running("monei-connect", env=environment) as process:
        until("the window", window)
        yield process


def window():
    """The program's window on the display."""
    return told("xdotool", "search", "--onlyvisible", "--name", "^Monei Connections$").split()[-1]


def programs():
    """Ids of the programs that run. One that has ended and that nobody waits for isn't among them."""
    found = subprocess.run(["pgrep", "--uid", str(os.getuid()), "--runstates", "D,R,S", "--exact", "monei-connect"], text=True, stdout=subprocess.PIPE)
    return [int(line) for line in found.stdout.split()]


def close_window():
    """As a person does, by the window manager's key. The program ends with its window."""
    told("xdotool", "windowactivate", "--sync", window(), "key", "--clearmodifiers", "alt+F4")
    until("the program to end", lambda: not programs())
