"""How many streams may be open: each has a thread of the server, and some threads must be left for everything else."""

import threading

from utils.errors import UnavailableError

_RETRY_S = 5.0


class Seats:
    """A number of places, shared by all that streams. Thread-safe."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """How many are taken now."""
        return self._taken

    def take(self) -> None:
        """Take a place; whoever does gives it back.

        Raises:
            UnavailableError: all are taken.
        """
        with self._lock:
            if self._taken >= self._most:
                raise UnavailableError(
                    f"{self._most} streams are open already, which is the limit; try again later", _RETRY_S
                )
            self._taken += 1

    def give_back(self, places: int = 1) -> None:
        """Give *places* back."""
        with self._lock:
            self._taken -= places
