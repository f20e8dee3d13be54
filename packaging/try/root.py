"""Tries the packages in a Debian root that has nothing of them yet: `cargo xtask bundle --try` runs it there, as root.

Installs the Debian packages, uses the program as a person (person.py), installs a later version over it and the first one again, then removes
everything, and looks for what stayed behind. Then the same with the RPM package, and, as far as they have it, with the archive and the AppImage, of which
nothing is installed. Before each, a damaged one and a full disk. Each step says what it found; the first that fails ends it.
"""

import contextlib
import glob
import os
import shutil
import subprocess
import sys
import tempfile

from browser import DEBUGGER
from session import SCHEME, SETTINGS

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM, COMMAND_LINE, BACKEND, SANDBOX = "monei-connections", "moneictl", "connect-backend", "monei-sandbox"
# Where nothing of a package may be before it is installed, nor after it was purged.
SYSTEM = ["/etc", "/opt", "/usr", "/var/lib/systemd", "/var/cache/man", "/run/systemd"]
NAMES = ["monei", "connect-backend"]
HOME = "/home/person"


def run(*words, **options):
    print("+", *words, flush=True)
    return subprocess.run(words, check=True, text=True, **options)


def told(*words):
    return run(*words, stdout=subprocess.PIPE).stdout.strip()


def only(pattern):
    [path] = glob.glob(pattern)
    return path


def package(name):
    return only(f"{HERE}/{name}_*.deb")


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


def apt(*words, **options):
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return run("apt-get", "--yes", "--no-install-recommends", "-o=Dpkg::Use-Pty=0", "-qq", *words, env=environment, **options)


def version(name):
    return told("dpkg-query", "--show", "--showformat=${Version}", name)


def rpm_words(*words):
    """Without a look at what the package depends on, which has other names here. Without plugins: one of rpm 4.20 gives each script a mount namespace of
    its own, which fails in a root that isn't a mount point, and the script isn't run. Up to Debian 12 its rpm installs nothing unless forced to."""
    forced = ["--force-debian"]
    if subprocess.run(["rpm", *forced, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
        forced = []
    return ["rpm", *forced, "--noplugins", "--nodeps", *words]


def rpm(*words):
    return run(*rpm_words(*words), stdout=subprocess.PIPE).stdout


def asked(format, path):
    """What an RPM package says of itself."""
    return told("rpm", "--query", "--package", "--queryformat", format, path)


def later_rpm(path):
    """The files that are installed of it and its script, as a package of a later version."""
    folder, build = "/tmp/later-rpm", "/tmp/rpmbuild"
    names = [name for name in told("rpm", "--query", "--package", "--list", path).splitlines() if os.path.isfile(name)]
    for name in names:
        os.makedirs(os.path.dirname(folder + name), exist_ok=True)
        shutil.copy2(name, folder + name)
    spec = [
        f"Name: {PROGRAM}", f"Version: {asked('%{VERSION}', path)}.1", f"Release: {asked('%{RELEASE}', path)}", f"License: {asked('%{LICENSE}', path)}",
        "Summary: A later version", "AutoReqProv: no", "%description", "A later version.", "%install", f"cp --archive {folder}/. %{{buildroot}}",
        "%postun", asked("%{POSTUN}", path), "%files", *names,
    ]
    with open("/tmp/later.spec", "w", encoding="utf-8") as file:
        file.write("\n".join([*spec, ""]))
    plain = [f"--define={name}" for name in ("debug_package %{nil}", "__os_install_post %{nil}", "_build_id_links none")]
    run("rpmbuild", "--quiet", f"--define=_topdir {build}", *plain, "-bb", "/tmp/later.spec")
    return only(f"{build}/RPMS/*/*.rpm")


def as_person(part, *folders):
    """A part of person.py, with the programs in `folders` before those of the system."""
    path = ":".join([*folders, "/usr/bin", "/bin"])
    run("runuser", "--user=person", "--", "env", "-i", f"HOME={HOME}", "USER=person", f"PATH={path}", "LANG=C.UTF-8",
        "XDG_RUNTIME_DIR=/run/person", "dbus-run-session", "--", "python3", f"{HERE}/person.py", part)


def picture(kind):
    """Keeps the picture of the window apart from those to come."""
    os.rename("/tmp/window.png", f"/tmp/window-{kind}.png")


def settings_of_browser():
    """What Debian's Chromium reads at its start. The program keeps its own settings from a browser, and a link must start it with those of the
    trial; a screen reader reads the browser's question; and browser.py attaches to it."""
    words = ["--no-first-run", "--password-store=basic", "--force-renderer-accessibility", "--disable-gpu"]
    words += [f"--remote-debugging-port={DEBUGGER[1]}", "--user-data-dir=$HOME/browser"]
    lines = [f"export {name}={value}" for name, value in SETTINGS.items()]
    with open("/etc/chromium.d/trial", "w", encoding="utf-8") as file:
        file.write("\n".join([*lines, f'export CHROMIUM_FLAGS="$CHROMIUM_FLAGS {" ".join(words)}"', ""]))


def damaged(path, install):
    """The first part of it is refused, and leaves nothing in the system's folders."""
    part, before = f"/tmp/damaged{os.path.splitext(path)[1]}", ours()
    with open(path, "rb") as whole, open(part, "wb") as half:
        half.write(whole.read(1_000_000))
    refused = subprocess.run([*install, part], capture_output=True, text=True)
    assert refused.returncode != 0 and refused.stderr and ours() == before, refused
    print("A damaged package:", refused.stderr.strip())


@contextlib.contextmanager
def full(folder, room):
    """The folder is a disk of its own with so much room."""
    new = not os.path.isdir(folder)
    os.makedirs(folder, exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", folder)
    try:
        yield
    finally:
        run("umount", folder)
        if new:
            os.rmdir(folder)


def no_room(path, install):
    """With a full disk the package is refused, and leaves nothing in the system's folders."""
    before = ours()
    with full(f"/usr/share/doc/{PROGRAM}", "16k"):
        refused = subprocess.run([*install, path], capture_output=True, text=True)
    assert refused.returncode != 0 and ours() == before, (refused, ours() - before)
    assert "No space left on device" in refused.stderr or "needs" in refused.stderr, refused
    print("A full disk:", refused.stderr.strip())


def man_pages(below, *names):
    for name in names:
        found = told("man", "-w", name)
        # On Debian /usr/local/man is /usr/local/share/man.
        assert os.path.realpath(found).startswith(f"{below}/share/man/"), f"{name}: {found}"


def debian():
    damaged(package(PROGRAM), ["dpkg", "--install"])
    no_room(package(PROGRAM), ["dpkg", "--install"])
    apt("install", *(package(name) for name in (PROGRAM, COMMAND_LINE, BACKEND, SANDBOX)))
    man_pages("/usr", COMMAND_LINE, "monei-connect", BACKEND, SANDBOX)
    as_person("use")
    picture("deb")
    as_person("links")
    first = version(PROGRAM)
    apt("install", later(package(PROGRAM)), later(package(COMMAND_LINE)))
    assert version(PROGRAM) == f"{first}.1"
    as_person("after-upgrade")
    apt("install", "--allow-downgrades", package(PROGRAM), package(COMMAND_LINE))
    assert version(PROGRAM) == first
    as_person("after-downgrade")
    said = apt("purge", PROGRAM, stdout=subprocess.PIPE).stdout
    assert "tokens in the keychain" in said, said
    last = apt("purge", COMMAND_LINE, BACKEND, SANDBOX, stdout=subprocess.PIPE).stdout
    assert "tokens in the keychain" in last, last
    nothing_left(set())
    print("The Debian packages: nothing of them is left in", " ".join(SYSTEM), "At the end apt said:", said.strip())


def red_hat(before):
    """On Fedora, its desktop-file-utils sees to the list of link handlers whenever an entry comes or goes."""
    [path], handlers = glob.glob(f"{HERE}/*.rpm"), "update-desktop-database"
    damaged(path, rpm_words("--install"))
    no_room(path, rpm_words("--install"))
    first = asked("%{VERSION}", path)
    rpm("--install", path)
    run(handlers)
    man_pages("/usr", COMMAND_LINE, "monei-connect")
    as_person("use")
    picture("rpm")
    said = rpm("--upgrade", later_rpm(path))
    run(handlers)
    assert not said and told("rpm", "--query", "--queryformat", "%{VERSION}", PROGRAM) == f"{first}.1", said
    as_person("after-upgrade")
    rpm("--upgrade", "--oldpackage", path)
    assert told("rpm", "--query", "--queryformat", "%{VERSION}", PROGRAM) == first
    assert told("rpm", "--verify", "--nodeps", PROGRAM) == ""
    as_person("after-downgrade")
    said = rpm("--erase", PROGRAM)
    run(handlers)
    assert "tokens in the keychain" in said, said
    nothing_left(before)
    print("The RPM package: nothing of it is left. At the end it said:", said.strip())


def appimage():
    """A folder in which the AppImage is the program. A root has no FUSE."""
    folder = f"{HOME}/appimage"
    os.makedirs(folder, exist_ok=True)
    image = shutil.copy2(only(f"{HERE}/*.AppImage"), folder)
    command = f"{folder}/monei-connect"
    with open(command, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec {image} --appimage-extract-and-run "$@"\n')
    os.chmod(command, 0o755)
    return folder


def archive():
    """The folder of the archive, at whose top is what starts the program."""
    found = glob.glob(f"{HOME}/monei-connections-*")
    if not found:
        run("runuser", "--user=person", "--", "tar", "--extract", "--file", only(f"{HERE}/*.tar.gz"), "--directory", HOME)
    return only(f"{HOME}/monei-connections-*")


def local(before):
    """The archive in /usr/local, by the commands of its README."""
    with open(f"{archive()}/README.txt", encoding="utf-8") as file:
        lines = [line.strip().replace("sudo ", "") for line in file if "tar.gz" in line or line.strip().startswith("sudo ")]
    install, register, remove, forget = lines
    for line in (install, register):
        run("sh", "-c", line, cwd=HERE)
    man_pages("/usr/local", COMMAND_LINE, "monei-connect")
    handler = told("runuser", "--user=person", "--", "xdg-mime", "query", "default", f"x-scheme-handler/{SCHEME}")
    assert handler == "monei-connections.desktop", handler
    for line in (remove, forget):
        run("sh", "-c", line, cwd=HERE)
    # It removes files; of their folders those stay that are this program's alone, such as that of its documents.
    for folder in sorted(ours() - before, reverse=True):
        os.rmdir(folder)
    nothing_left(before)
    print("The archive in /usr/local: man pages and links are found; removed.")


def not_whole():
    """The archive and the AppImage, cut and on a full disk. What is unpacked until it fails stays: in folders of their own here."""
    archived, image = only(f"{HERE}/*.tar.gz"), only(f"{HERE}/*.AppImage")
    start = ["sh", "-c", 'chmod +x "$0" && exec "$0" --appimage-extract-and-run']
    with tempfile.TemporaryDirectory() as part:
        damaged(archived, ["tar", "--extract", "--directory", part, "--file"])
    with tempfile.TemporaryDirectory() as part:
        damaged(image, ["env", f"TMPDIR={part}", *start])
    for words, said in ((["tar", "--extract", "--directory", "/full", "--file", archived], "No space left on device"),
                        (["env", "TMPDIR=/full", *start, image], "is not whole. Make room on the disk")):
        with full("/full", "4m"):
            refused = subprocess.run(words, capture_output=True, text=True)
        assert refused.returncode != 0 and said in refused.stderr, refused
        print("A full disk:", refused.stderr.strip())


def portable(before):
    """What is used without an installation. The AppImage has no command line: that of the archive goes with it."""
    not_whole()
    folder = archive()
    as_person("portable", folder, f"{folder}/usr/bin")
    picture("archive")
    local(before)
    as_person("portable", appimage(), f"{folder}/usr/bin")
    picture("appimage")
    for used in (folder, appimage()):
        shutil.rmtree(used)
    assert not glob.glob("/tmp/appimage_extracted_*")
    nothing_left(before)
    print("The archive and the AppImage: nothing of them is left but what is removed with their folders.")


def nothing_left(before):
    stayed = ours() - before
    assert not stayed, f"stayed behind: {stayed}"
    # The lists of handlers are made anew without it.
    for path in glob.glob("/usr/share/applications/mime*"):
        with open(path, encoding="utf-8") as file:
            assert SCHEME not in file.read(), path


def main():
    nothing_left(set())
    run("useradd", "--create-home", "person")
    os.makedirs("/run/person", mode=0o700)
    shutil.chown("/run/person", "person", "person")
    settings_of_browser()
    # The Debian package brings WebKitGTK, which stays when that is purged.
    for folder in (appimage(), archive()):
        as_person("lacks-webkitgtk", folder)
    debian()
    # The others: nothing of the Debian packages is there but the servers that they connect to.
    apt("install", package(BACKEND), package(SANDBOX))
    before = ours()
    portable(before)
    red_hat(before)
    apt("purge", BACKEND, SANDBOX)
    nothing_left(set())


if __name__ == "__main__":
    sys.exit(main())
