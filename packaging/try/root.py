"""Tries the packages in a Debian root that has nothing of them yet: `cargo xtask bundle --try` runs it there, as root.

Installs them, uses the program as a person (person.py), installs a later version over it and the first one again, then removes everything, and looks
for what stayed behind. Each step says what it found; the first that fails ends it.
"""

import glob
import os
import shutil
import subprocess
import sys

from browser import DEBUGGER
from session import SCHEME, SETTINGS

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM, COMMAND_LINE, BACKEND, SANDBOX = "monei-connections", "moneictl", "connect-backend", "monei-sandbox"
# Where nothing of a package may be before it is installed, nor after it was purged.
SYSTEM = ["/etc", "/opt", "/usr", "/var/lib/systemd", "/var/cache/man", "/run/systemd"]
NAMES = ["monei", "connect-backend"]


def run(*words, **options):
    print("+", *words, flush=True)
    return subprocess.run(words, check=True, text=True, **options)


def told(*words):
    return run(*words, stdout=subprocess.PIPE).stdout.strip()


def package(name):
    [path] = glob.glob(f"{HERE}/{name}_*.deb")
    return path


def ours():
    """Files of ours in the system's folders."""
    found = set()
    for top in SYSTEM:
        for folder, folders, files in os.walk(top):
            found.update(os.path.join(folder, name) for name in folders + files if any(part in name for part in NAMES))
    return found


def later(path):
    """The same package with a later version."""
    folder = "/tmp/later"
    shutil.rmtree(folder, ignore_errors=True)
    run("dpkg-deb", "--raw-extract", path, folder)
    control = f"{folder}/DEBIAN/control"
    with open(control, encoding="utf-8") as file:
        lines = file.read().splitlines()
    with open(control, "w", encoding="utf-8") as file:
        file.writelines(f"{line}.1\n" if line.startswith("Version:") else f"{line}\n" for line in lines)
    name = f"/tmp/{os.path.basename(path)}"
    run("dpkg-deb", "--build", "--root-owner-group", folder, name)
    return name


def apt(*words):
    run("apt-get", "--yes", "--no-install-recommends", "-o=Dpkg::Use-Pty=0", "-qq", *words, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def version(name):
    return told("dpkg-query", "--show", "--showformat=${Version}", name)


def as_person(part):
    run("runuser", "--user=person", "--", "env", "-i", "HOME=/home/person", "USER=person", "PATH=/usr/bin:/bin", "LANG=C.UTF-8",
        "XDG_RUNTIME_DIR=/run/person", "dbus-run-session", "--", "python3", f"{HERE}/person.py", part)


def settings_of_browser():
    """What Debian's Chromium reads at its start. The program keeps its own settings from a browser, and a link must start it with those of the
    trial; a screen reader reads the browser's question; and browser.py attaches to it."""
    words = ["--no-first-run", "--password-store=basic", "--force-renderer-accessibility", "--disable-gpu"]
    words += [f"--remote-debugging-port={DEBUGGER[1]}", "--user-data-dir=$HOME/browser"]
    lines = [f"export {name}={value}" for name, value in SETTINGS.items()]
    with open("/etc/chromium.d/trial", "w", encoding="utf-8") as file:
        file.write("\n".join([*lines, f'export CHROMIUM_FLAGS="$CHROMIUM_FLAGS {" ".join(words)}"', ""]))


def main():
    before = ours()
    assert not before, before
    run("useradd", "--create-home", "person")
    os.makedirs("/run/person", mode=0o700)
    shutil.chown("/run/person", "person", "person")

    # A damaged package is refused, and leaves nothing.
    damaged = "/tmp/damaged.deb"
    with open(package(PROGRAM), "rb") as whole, open(damaged, "wb") as half:
        half.write(whole.read(1_000_000))
    refused = subprocess.run(["dpkg", "--install", damaged], capture_output=True, text=True)
    assert refused.returncode != 0 and not ours(), refused
    print("A damaged package:", refused.stderr.strip())

    apt("install", *(package(name) for name in (PROGRAM, COMMAND_LINE, BACKEND, SANDBOX)))
    for program in ("monei-connect", "moneictl"):
        print(told(program, "--version"))
    assert told("man", "-w", "moneictl") and told("man", "-w", "monei-connect")

    settings_of_browser()
    as_person("use")
    as_person("links")
    as_person("own-service")
    first = version(PROGRAM)
    apt("install", later(package(PROGRAM)), later(package(COMMAND_LINE)))
    assert version(PROGRAM) == f"{first}.1"
    as_person("after-upgrade")
    apt("install", "--allow-downgrades", package(PROGRAM), package(COMMAND_LINE))
    assert version(PROGRAM) == first
    as_person("after-downgrade")

    apt("purge", PROGRAM, COMMAND_LINE, BACKEND, SANDBOX)
    stayed = ours()
    assert not stayed, f"stayed behind: {stayed}"
    # The lists of handlers are made anew without it.
    for path in glob.glob("/usr/share/applications/mime*"):
        with open(path, encoding="utf-8") as file:
            assert SCHEME not in file.read(), path
    print("Purged: nothing of the packages is left in", " ".join(SYSTEM))


if __name__ == "__main__":
    sys.exit(main())
