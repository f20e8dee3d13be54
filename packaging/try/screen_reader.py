"""Reads and presses what windows tell assistive technologies (AT-SPI), as a person with a screen reader does. No window is prepared for it."""

from gi.repository import Gio, GLib

from session import until

# AtspiRole.
BUTTON, RADIO = 43, 44
# AtspiStateType.
CHECKED, SHOWING = 4, 25
ACCESSIBLE = "org.a11y.atspi.Accessible"
DEEPEST = 80
PATIENCE_MS = 10_000


def call(connection, name, path, interface, method, arguments=None):
    """The values of the answer. What is gone meanwhile is an OSError."""
    try:
        answer = connection.call_sync(name, path, interface, method, arguments, None, Gio.DBusCallFlags.NONE, PATIENCE_MS, None)
    except GLib.Error as error:
        raise OSError(error.message) from error
    return answer.unpack()


class ScreenReader:
    """Sees the windows of a session."""

    def __init__(self):
        session = Gio.bus_get_sync(Gio.BusType.SESSION)
        enabled = GLib.Variant("(ssv)", ("org.a11y.Status", "IsEnabled", GLib.Variant("b", True)))
        call(session, "org.a11y.Bus", "/org/a11y/bus", "org.freedesktop.DBus.Properties", "Set", enabled)
        [address] = call(session, "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress")
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        # Without a listener programs don't take the trouble to keep their trees.
        call(self.bus, "org.a11y.atspi.Registry", "/org/a11y/atspi/registry", "org.a11y.atspi.Registry", "RegisterEvent",
             GLib.Variant("(s)", ("object:children-changed",)))

    def elements(self, pid):
        """Role, name, states and object of each element of the process `pid`, in the order of its window."""
        for name, path in self.children("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root"):
            try:
                owner = call(self.bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixProcessID",
                             GLib.Variant("(s)", (name,)))
            except OSError:
                continue
            if owner == (pid,):
                yield from self.below(name, path, 0)

    def below(self, name, path, depth):
        assert depth < DEEPEST, "the tree has no end"
        try:
            element, children = self.element(name, path), self.children(name, path)
        except OSError:
            # Gone while it was read.
            return
        yield element
        for child in children:
            yield from self.below(*child, depth + 1)

    def element(self, name, path):
        [role] = call(self.bus, name, path, ACCESSIBLE, "GetRole")
        [states] = call(self.bus, name, path, ACCESSIBLE, "GetState")
        return role, self.property(name, path, "Name"), states[0], (name, path)

    def property(self, name, path, which):
        [value] = call(self.bus, name, path, "org.freedesktop.DBus.Properties", "Get", GLib.Variant("(ss)", (ACCESSIBLE, which)))
        return value

    def children(self, name, path):
        [found] = call(self.bus, name, path, ACCESSIBLE, "GetChildren")
        if not found:
            # GTK's bridge leaves the page, which another process offers, out of that list.
            count = self.property(name, path, "ChildCount")
            found = [call(self.bus, name, path, ACCESSIBLE, "GetChildAtIndex", GLib.Variant("(i)", (index,)))[0] for index in range(count)]
        return [child for child in found if child[1] != "/org/a11y/atspi/null"]

    def find(self, pid, role, name):
        return next((element for element in self.elements(pid) if element[0] == role and element[1].startswith(name)), None)

    def act(self, element):
        """Whether the element did what it is for."""
        return call(self.bus, *element[3], "org.a11y.atspi.Action", "DoAction", GLib.Variant("(i)", (0,))) == (True,)

    def press(self, pid, name, role=BUTTON):
        """Does what the element is for, as soon as it is there."""
        def pressed():
            found = self.find(pid, role, name)
            return found and self.act(found)
        print(f"+ press {name!r}", flush=True)
        until(f"{name!r} to be pressed", pressed, lambda: self.said(pid))

    def choose(self, pid, name):
        """One of several choices."""
        def chosen():
            found = self.find(pid, RADIO, name)
            return found and found[2] >> CHECKED & 1
        self.press(pid, name, RADIO)
        until(f"{name!r} to be chosen", chosen)

    def reads(self, pid, text):
        print(f"+ read {text!r}", flush=True)
        until(f"the text {text!r}", lambda: any(text in name for name in self.said(pid)), lambda: self.said(pid))

    def said(self, pid):
        """The name of each element, or its text where it has no name."""
        said = (name or self.text(*place) for _, name, _, place in self.elements(pid))
        return [words for words in said if words]

    def text(self, name, path):
        try:
            [interfaces] = call(self.bus, name, path, ACCESSIBLE, "GetInterfaces")
            if "org.a11y.atspi.Text" not in interfaces:
                return ""
            return call(self.bus, name, path, "org.a11y.atspi.Text", "GetText", GLib.Variant("(ii)", (0, -1)))[0]
        except OSError:
            # Gone while it was read.
            return ""
