"""Servers in network namespaces of their own, so that one can be cut off: a bridge, and a cable to each. Needs root."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

_BRIDGE = "ltpbench"
HOST = "10.77.7.1"


class Network:
    """The bridge of this machine at `HOST`, and a namespace for each of *number* servers."""

    def __init__(self, number: int) -> None:
        self._number = number

    def make(self) -> None:
        """Make bridge, namespaces and cables."""
        _ip("link", "add", _BRIDGE, "type", "bridge")
        _ip("addr", "add", f"{HOST}/24", "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")
        for each in range(self._number):
            name, cable = self._name(each), self._cable(each)
            _ip("netns", "add", name)
            _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", cable, "master", _BRIDGE, "up")
            _ip("-n", name, "addr", "add", f"{self.address(each)}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "link", "set", "lo", "up")

    def remove(self) -> None:
        """Remove all of it, as far as it was made."""
        for each in range(self._number):
            _ip("netns", "del", self._name(each), check=False)
            _ip("link", "del", self._cable(each), check=False)
        _ip("link", "del", _BRIDGE, check=False)

    def before(self, number: int) -> tuple[str, ...]:
        """Return what a command begins with that runs there."""
        return ("ip", "netns", "exec", self._name(number))

    def cut(self, number: int) -> None:
        """Cut a server off: nothing comes and nothing goes, and nobody is told."""
        _ip("link", "set", self._cable(number), "down")

    def mend(self, number: int) -> None:
        """Let it be reached again."""
        _ip("link", "set", self._cable(number), "up")

    def address(self, number: int) -> str:
        """Return the address of a server."""
        return f"10.77.7.{10 + number}"

    def _name(self, number: int) -> str:
        return f"{_BRIDGE}{number}"

    def _cable(self, number: int) -> str:
        return f"{_BRIDGE}-v{number}"


@contextmanager
def network(number: int) -> Iterator[Network | None]:
    """Lend a network for *number* servers; None where this process may not make one."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        yield None
        return
    made = Network(number)
    made.remove()  # of a run that was killed
    try:
        made.make()
        yield made
    finally:
        made.remove()


def _ip(*arguments: str, check: bool = True) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)  # noqa: S607
    assert not check or done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"
