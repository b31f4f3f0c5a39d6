"""Calls of no batch, kept while they are under way: chats, single samples, trials of a key.

Every method returns once it is on the disk.
"""

from sqlalchemy import Connection

from models.batches.call_store import CallStore
from models.batches.members import Members
from models.batches.usage_store import UsageStore
from models.domain import CallUsage
from models.engines.writer import Writer
from utils.clock import Clock, iso
from utils.errors import StorageError


class CallLedger:
    """Records which calls left and what came of them. Thread-safe: all changes are the writer's."""

    def __init__(self, writer: Writer, calls: CallStore, usage: UsageStore, members: Members, clock: Clock) -> None:
        self._writer = writer
        self._calls = calls
        self._usage = usage
        self._members = members
        self._clock = clock

    def open_call(self, target: str) -> int:
        """Note that a call of no batch leaves for *target*; return its number.

        Raises:
            StorageError: this process was taken over and does not know it yet; in a moment it does.
        """
        owner = self._members.me
        row = {"at": iso(self._clock.now()), "target": target, "owner": owner}

        def write(connection: Connection) -> int:
            if not self._members.lives(connection, owner):
                raise StorageError("this process was cut off and taken over by others; try again in a moment")
            return self._calls.add(connection, row)

        return self._writer.run(write)

    def used(self, usage: CallUsage, call: int) -> None:
        """Count what came of call number *call*."""

        def write(connection: Connection) -> None:
            self._calls.take(connection, call)
            self._usage.add(connection, self._hour(), "", usage)

        self._writer.run(write)

    def lose_call(self, call: int, sent: bool) -> None:
        """Record that call number *call* came to no end: it is in doubt, or, where it was never *sent*, it was none."""

        def write(connection: Connection) -> None:
            for target in self._calls.take(connection, call):
                if sent:
                    self._usage.doubt(connection, self._hour(), "", target)

        self._writer.run(write)

    def settle_lost(self, call: int, usage: CallUsage) -> bool:
        """Count *usage* for a call that an earlier process had under way; False where it is counted already."""

        def write(connection: Connection) -> bool:
            is_open = bool(self._calls.take(connection, call))
            if is_open:
                self._usage.add(connection, self._hour(), "", usage)
            return is_open

        return self._writer.run(write)

    def lose_calls(self, member: str | None = None) -> int:
        """Doubt the calls of no batch that a process had under way which is gone; return how many.

        None, for whichever was before, is not for one of several processes: others have calls under way.
        """

        def write(connection: Connection) -> int:
            targets = self._calls.take(connection, owner=member)
            for target in targets:
                self._usage.doubt(connection, self._hour(), "", target)
            return len(targets)

        return self._writer.run(write)

    def _hour(self) -> str:
        return self._clock.now().isoformat()[:13]
