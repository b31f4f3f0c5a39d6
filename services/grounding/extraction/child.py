"""The process that reads one document (ADR 28).

Started by `services.grounding.extraction.reading`. It takes an order from standard input, writes pages to standard
output as they are made, and ends with whoever started it. What a document can do to it ends here.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO

from models.grounding.document import Page
from services.grounding.extraction.outcome import MIB, Found, Limits, Step
from services.grounding.extraction.readers import read
from services.grounding.extraction.wire import Order, Refusal, packed, received
from utils.errors import DocumentError

_SHOWN = 300


def main() -> None:
    """Read what is ordered."""
    order = received(_exactly(sys.stdin.buffer))
    if not isinstance(order, Order):  # pragma: no cover  # only the service sends here
        raise TypeError(type(order).__name__)
    threading.Thread(target=_end_with_the_service, daemon=True).start()
    _limit(order.limits)
    out = sys.stdout.buffer
    for message in _messages(order):
        out.write(packed(message))
        out.flush()
    # Not by the interpreter's end: libraries that a document has shaken need not tidy up.
    os._exit(0)


def _messages(order: Order) -> Iterator[Page | Step | Found | Refusal]:
    found = Found()
    try:
        yield from read(order.path, order.name, order.limits, found)
    except DocumentError as error:
        yield Refusal(str(error))
    except MemoryError:
        yield Refusal(
            f"{order.name or 'the document'} cannot be read: it needs more than "
            f"{order.limits.memory_bytes // MIB:,} MiB of memory: send it in parts"
        )
    except RecursionError:
        yield Refusal(f"{order.name or 'the document'} cannot be read: its parts are nested too deeply")
    except Exception as error:  # noqa: BLE001  # top of a process: the service tells it
        yield Refusal(f"{type(error).__name__}: {str(error)[:_SHOWN]}", is_fault=True)
    else:
        yield found


def _limit(limits: Limits) -> None:
    """Bind this process, and what it starts, to what a document may cost."""
    import resource

    def bind(what: int, most: int) -> None:
        # A lower bound that is there already is kept; some systems know no such limit.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))

    bind(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":
        bind(resource.RLIMIT_AS, limits.memory_bytes)
    bind(resource.RLIMIT_CPU, int(limits.document_s) + 1)


def _end_with_the_service() -> None:
    """Wait until standard input closes, then end this process and what it started."""
    with contextlib.suppress(OSError):
        while os.read(0, 1 << 10):
            pass
    os.killpg(os.getpgid(0), signal.SIGKILL)


def _exactly(source: BinaryIO) -> Callable[[int], bytes]:
    def take(size: int) -> bytes:
        content = source.read(size)
        if len(content) < size:
            raise EOFError
        return content

    return take


if __name__ == "__main__":
    main()
