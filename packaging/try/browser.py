"""The person's browser: Debian's Chromium, opened by the program as any program opens it. What a person does on a page is done through
chromedriver, which attaches to the browser that runs; the browser's own question about a link is answered as a screen reader does."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import urllib.request

from session import PATIENCE, running, told, until

# root.py has Chromium listen and keep its data there.
DEBUGGER = ("127.0.0.1", 43119)
DRIVER = 43120
PROFILE = os.path.expanduser("~/browser")
# Before the first paint Chromium drops clicks.
PAINTED = "return document.readyState === 'complete' && performance.getEntriesByType('paint').length > 0"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    def __init__(self):
        self.session = None
        self.seen = []

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{DRIVER}{path}", data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)["value"]

    def attach(self):
        # chromedriver waits a minute for a browser that isn't there.
        socket.create_connection(DEBUGGER, 5).close()
        options = {"goog:chromeOptions": {"debuggerAddress": "{}:{}".format(*DEBUGGER)}}
        return self.ask("POST", "/session", {"capabilities": {"alwaysMatch": options}})["sessionId"]

    def next_tab(self):
        """Goes to the tab that the program opened."""
        if self.session is None:
            self.session = "/session/" + until("the browser that the program opens", self.attach)
        new = lambda: [tab for tab in self.ask("GET", f"{self.session}/window/handles") if tab not in self.seen]
        [tab] = until("a new tab", new)
        self.ask("POST", f"{self.session}/window", {"handle": tab})
        self.seen.append(tab)

    def find(self, css):
        found = self.ask("POST", f"{self.session}/elements", {"using": "css selector", "value": css})
        return [element[ELEMENT] for element in found]

    def click(self, css):
        def clicked():
            painted = self.ask("POST", f"{self.session}/execute/sync", {"script": PAINTED, "args": []})
            found = self.find(css)
            if not (painted and found):
                return False
            self.ask("POST", f"{self.session}/element/{found[0]}/click", {})
            return True
        print(f"+ click {css}", flush=True)
        until(f"{css} to be clicked", clicked)

    def reach_consent(self, person):
        """On the sandbox's page: signs in as `person`, or says that it is somebody else first."""
        self.next_tab()
        until("the sandbox's page", lambda: self.find("button[name=user], button[name=decision]"))
        if not self.find("button[name=user]"):
            self.click("[data-testid=switch-user]")
        self.click(f"button[name=user][value={person}]")
        until("the page that asks", lambda: self.find("button[name=decision]"))

    def allow(self, scopes):
        for scope in scopes:
            self.click(f"input[name=scope][value='{scope}']:not(:checked)")
        self.click("button[name=decision][value=allow]")

    def pid(self):
        # A link to "computer-pid".
        return int(os.readlink(f"{PROFILE}/SingletonLock").rsplit("-", 1)[1])

    def quit(self):
        with contextlib.suppress(OSError):
            self.ask("DELETE", self.session)
        pid = self.pid()
        os.kill(pid, signal.SIGTERM)
        until("the browser to end", lambda: not is_running(pid))


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            # One that has ended and that nobody waits for is a zombie.
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def browser():
    """Chromium as the person's default. It isn't started: that is the program's business."""
    told("xdg-settings", "set", "default-web-browser", "chromium.desktop")
    assert told("xdg-mime", "query", "default", "x-scheme-handler/http").strip() == "chromium.desktop"
    with running("chromedriver", f"--port={DRIVER}", stdout=subprocess.DEVNULL):
        person = Browser()
        try:
            yield person
        finally:
            # Not there: the program never opened it, which has been said.
            with contextlib.suppress(FileNotFoundError):
                person.quit()
