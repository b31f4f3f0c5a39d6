"""What our server tells the app through the WSGI environment."""

from collections.abc import Sequence
from typing import Protocol

# A function that takes a function: it is called as soon as the client has left, from another thread, once or twice.
# Only for streams: a client that closes its sending side is taken for gone. Other servers do not have it.
ON_CLIENT_LEFT = "legal_training.on_client_left"
# The `Line` of a request that others may join. Other servers do not have it.
LINE = "legal_training.line"
# The header of an answer that differs for each of those who share it.
OWN_HEADER = "X-Request-ID"


class Line(Protocol):
    """Those who send the very same request until this one's answer is found out; they wait without a thread.

    What is not shared in the end is asked again by each of them.
    """

    @property
    def joined(self) -> Sequence[float]:
        """When each of them came, by the clock of `time.perf_counter`."""

    @property
    def is_shared(self) -> bool:
        """Whether the answer is for them too."""

    def close(self) -> None:
        """Let nobody join any more; to be called before the answer is found out, so that it is current for all."""

    def dissolve(self) -> None:
        """Let nobody join any more, and have those who did ask on their own, at once."""

    def share(self) -> None:
        """Give them this request's answer, each with an `OWN_HEADER` of its own. It is held whole in memory."""
