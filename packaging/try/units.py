"""Tries the packaged units where systemd runs: trial.rs boots the root for it once more, with a network of its own.

Follows docs/your-own-service.md with its own commands, but for the registration at Monei and the public name: on a server, behind Caddy's own unit;
and on a person's own computer, as a user's service that a socket starts. What it found is in /try/units.log; that it found nothing wrong, in
/try/units.passed.
"""

import glob
import json
import os
import pathlib
import subprocess
import sys
import time

PATIENCE = 60
HERE = os.path.dirname(os.path.abspath(__file__))
NAME = "connect.localhost"
SECRET = "mcs_" + "5" * 32
DOCUMENT = "/usr/share/doc/connect-backend/your-own-service.md"
# What somebody types or decides who follows the document, and what a trial can't have: a public name.
AS_TYPED = [
    ("cat > /etc/connect-backend/monei-client-secret", f"echo {SECRET} > /etc/connect-backend/monei-client-secret"),
    ("editor /etc/connect-backend/environment",
     "sed -i 's/^MONEI_CLIENT_ID=.*/MONEI_CLIENT_ID=mc_of_the_trial/; s/^CONNECT_OPERATOR_NAME=.*/CONNECT_OPERATOR_NAME=Myself/; "
     f"s/connect\\.example\\.org/{NAME}/' /etc/connect-backend/environment"),
    ("YOUR.NAME/'", f"{NAME}/; 0,/^connect.example.org {{/s//&\\n\\ttls internal/'"),
    ("cat > monei-client-secret)", f"echo {SECRET} > monei-client-secret)"),
    ("mc_…", "mc_of_the_trial"),
]


def commands(heading, first):
    """The commands below a heading of the document, from the one that begins with `first`, but for those that look whether it works."""
    with open(DOCUMENT, encoding="utf-8") as file:
        section = file.read().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = "\n".join(block.split("```")[0] for block in section.split("```sh\n")[1:])
    lines = "\n".join(line for line in lines.splitlines() if not line.startswith("curl "))
    lines = lines[lines.index(first):]
    for written, typed in AS_TYPED:
        lines = lines.replace(written, typed)
    return lines


def told(*words):
    print("+", *words, flush=True)
    return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def until(what, look):
    end, last = time.monotonic() + PATIENCE, None
    while time.monotonic() < end:
        try:
            if found := look():
                return found
        except (subprocess.CalledProcessError, OSError, ValueError) as error:
            last = error
        time.sleep(0.2)
    raise AssertionError(f"waited {PATIENCE} s for {what}: {last}")


def client(*words):
    """What a backend says of itself."""
    answer = json.loads(told("curl", "--silent", "--show-error", "--fail", *words))
    return answer["environment"], answer["operator"]["name"]


def main_process(*scope):
    return int(told("systemctl", *scope, "show", "--value", "--property=MainPID", "connect-backend.service"))


def user_of(process):
    return os.stat(f"/proc/{process}").st_uid


def server():
    told("sh", "-ec", commands("On a small server", "(umask"))
    authority = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt"
    until("Caddy's certificate", lambda: os.path.exists(authority))
    address = ("--cacert", authority, "--resolve", f"{NAME}:443:127.0.0.1", f"https://{NAME}/v1/client")
    assert until("the service behind Caddy", lambda: client(*address)) == ("production", "Myself")
    plain = ("--output", "/dev/null", "--write-out", "%{http_code}", "--resolve", f"{NAME}:80:127.0.0.1", f"http://{NAME}/v1/client")
    assert told("curl", "--silent", *plain) == "404"
    first = main_process()
    assert first and user_of(first) not in (0, os.stat("/home/person").st_uid), user_of(first)
    assert told("systemctl", "show", "--value", "--property=DynamicUser", "connect-backend.service") == "yes"
    # The service's copies of the secrets, on a file system in which it can write nothing.
    environment = pathlib.Path(f"/proc/{first}/environ").read_bytes()
    assert SECRET.encode() not in environment and b"CREDENTIALS_DIRECTORY=" in environment
    status = dict(line.split(":\t") for line in pathlib.Path(f"/proc/{first}/status").read_text(encoding="ascii").splitlines() if ":\t" in line)
    assert (status["NoNewPrivs"], status["Seccomp"], int(status["CapBnd"], 16)) == ("1", "2", 0), status
    mounts = pathlib.Path(f"/proc/{first}/mountinfo").read_text(encoding="utf-8").splitlines()
    [root] = [mount for mount in mounts if mount.split()[4] == "/"]
    assert "ro" in root.split()[5].split(","), root
    # A call that comes while it is stopped waits for the socket's next service.
    told("systemctl", "stop", "connect-backend.service")
    assert client(*address) == ("production", "Myself")
    # One that was killed is started again.
    second = main_process()
    assert second not in (0, first)
    os.kill(second, 9)
    until("another process", lambda: main_process() not in (0, second))
    assert client(*address) == ("production", "Myself")
    # It is there after the next start of the computer.
    assert told("systemctl", "is-enabled", "connect-backend.socket", "connect-backend.service").split() == ["enabled", "enabled"]
    log = told("journalctl", "--no-pager", "--unit=connect-backend.service", "--output=cat")
    assert "Started connect-backend.service" in log and SECRET not in log, log
    print("On a server: started by its units, behind Caddy, as a user of its own that can write nothing.")


def as_person(*words):
    user = os.stat("/home/person").st_uid
    return told("runuser", "--user=person", "--", "env", "-i", "HOME=/home/person", "PATH=/usr/bin:/bin", f"XDG_RUNTIME_DIR=/run/user/{user}", *words)


def own_computer():
    # As if the person had logged in.
    told("loginctl", "enable-linger", "person")
    user = os.stat("/home/person").st_uid
    until("the person's own systemd", lambda: os.path.exists(f"/run/user/{user}/systemd/private"))
    as_person("sh", "-ec", commands("On your own computer", "mkdir"))
    show = ("systemctl", "--user", "show", "--value", "--property=MainPID", "connect-backend.service")
    assert as_person(*show) == "0", "it starts when somebody calls"
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert client(f"http://{host}:43117/v1/client") == ("development", "Myself")
    process = int(as_person(*show))
    assert user_of(process) == user
    assert SECRET.encode() not in pathlib.Path(f"/proc/{process}/environ").read_bytes()
    print("On one's own computer: the socket started it as the person.")
    with open(DOCUMENT, encoding="utf-8") as file:
        [stop] = [line.split("`")[1] for line in file if line.startswith("**To stop it**")]
    as_person("sh", "-ec", stop)
    assert as_person(*show) == "0" and not os.path.lexists("/home/person/.config/systemd/user/sockets.target.wants/connect-backend.socket")


def removed():
    said = told("apt-get", "--yes", "-qq", "-o=Dpkg::Use-Pty=0", "purge", "connect-backend")
    for unit in ("connect-backend.socket", "connect-backend.service"):
        active = subprocess.run(["systemctl", "is-active", unit], text=True, stdout=subprocess.PIPE).stdout.strip()
        assert active in ("inactive", "unknown"), (unit, active)
    links = [path for path in glob.glob("/etc/systemd/**", recursive=True) if "connect-backend" in path]
    assert not links, links
    kept = sorted(os.listdir("/etc/connect-backend"))
    assert kept == ["connect-sealing-key", "monei-client-secret"], kept
    print("Removed: nothing runs, and the operator's secrets stay.", said)


def main():
    [package] = glob.glob(f"{HERE}/connect-backend_*.deb")
    told("dpkg", "--install", package)
    try:
        server()
        own_computer()
        removed()
    except BaseException:
        subprocess.run(["journalctl", "--no-pager", "--boot", "--lines=80"], check=False)
        raise
    pathlib.Path(f"{HERE}/units.passed").touch()


if __name__ == "__main__":
    sys.exit(main())
