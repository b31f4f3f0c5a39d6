"""Reads a document in a process of its own, with bounds of time and memory (ADR 28).

Whatever a document does there, whoever reads gets pages, or one error with its reason.
"""

import contextlib
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType

from models.grounding.document import Page
from services.grounding.extraction.outcome import MIB, Found, Limits
from services.grounding.extraction.wire import Order, Refusal, packed, received
from utils.cancellation import CancelToken
from utils.errors import CancelledError, DocumentError

log = logging.getLogger(__name__)
_ROOT = Path(__file__).resolve().parents[3]
# What the reading process may know of ours: where programs and their data are, nothing else. No key, no address.
_KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TESSDATA_PREFIX", "LANG", "LC_ALL", "TMPDIR")
_BEHIND = 10


def read_document(
    path: Path, name: str, limits: Limits | None = None, cancelled: CancelToken | None = None
) -> "Reading":
    """Begin to read the document at *path*, which people call *name*; the process starts with the first page."""
    shown = name.encode("utf-8", "replace").decode()  # names may hold what is no character
    return Reading(Order(str(path), shown, limits or Limits()), cancelled or CancelToken())


class Reading(Iterator[Page]):
    """The pages of a document, one after another. One thread; close it, or use it in a `with`, where it may not end.

    Attributes:
        found: What was found beside the text; complete when all pages were taken.

    Raises:
        DocumentError: from `next`: the document cannot be read, or costs more than its limits; says why and what to do.
        CancelledError: from `next`: the token was cancelled.
    """

    def __init__(self, order: Order, cancelled: CancelToken) -> None:
        self.found = Found()
        self._order = order
        self._cancelled = cancelled
        self._waited_s = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._pages: Generator[Page] = self._all()

    def __enter__(self) -> "Reading":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __next__(self) -> Page:
        return next(self._pages)

    @property
    def pid(self) -> int | None:
        """The process that reads; None before the first page."""
        return self._process.pid if self._process is not None else None

    def close(self) -> None:
        """End the process, if it runs."""
        self._pages.close()
        self._kill()

    def _all(self) -> Generator[Page]:
        with self._cancelled.waking(self._stop):
            try:
                process = self._start()
                yield from self._taken(process)
            finally:
                self._kill()

    def _taken(self, process: subprocess.Popen[bytes]) -> Iterator[Page]:
        assert process.stdout is not None  # noqa: S101  # for the type checker
        read = partial(self._read, process.stdout.fileno())
        while True:
            try:
                message = received(read)
            except EOFError:
                raise self._ended(process) from None
            except ValueError as error:
                raise self._refused(f"its reader sent what is no page ({error})") from error
            if isinstance(message, Page):
                yield message
            elif isinstance(message, Found):
                self.found = message
                return
            elif isinstance(message, Refusal):
                if message.is_fault:
                    log.error("document reader failed", extra={"reason": message.message})
                    raise self._refused(f"its reader failed on it ({message.message})")
                raise DocumentError(message.message)

    def _start(self) -> subprocess.Popen[bytes]:
        if self._cancelled.is_cancelled:
            raise CancelledError("the reading of the document was stopped")
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._process = process = subprocess.Popen(  # our own interpreter and module
            [sys.executable, "-P", "-m", "services.grounding.extraction.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # One thread: two pages at a time would take twice the memory, and cores that answer requests.
            env={**environment, "PYTHONPATH": str(_ROOT), "OMP_THREAD_LIMIT": "1"},
            # A group of its own, so that what it starts ends with it.
            start_new_session=True,
        )
        if self._cancelled.is_cancelled:  # while it was being started there was nothing to stop
            self._stop()
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _BEHIND)
        # It stays open: the process ends when it is closed, by us or by our death.
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(packed(self._order))
                process.stdin.flush()
        return process

    def _read(self, descriptor: int, size: int) -> bytes:
        """Return the next *size* bytes; waits no longer than a page and the document may take."""
        limits = self._order.limits
        parts: list[bytes] = []
        begun = time.monotonic()
        page_end, document_end = begun + limits.page_s, begun + limits.document_s - self._waited_s
        while size:
            patience_s = min(page_end, document_end) - time.monotonic()
            if patience_s <= 0 or not select.select([descriptor], [], [], patience_s)[0]:
                raise self._late(page_end < document_end)
            part = os.read(descriptor, min(size, MIB))
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        self._waited_s += time.monotonic() - begun
        return b"".join(parts)

    def _late(self, is_page: bool) -> DocumentError:
        limits = self._order.limits
        what = (
            f"a page of it took longer than {limits.page_s:g} s"
            if is_page
            else f"it took longer than {limits.document_s:g} s"
        )
        return self._refused(f"{what}: send it in parts, or save it anew")

    def _ended(self, process: subprocess.Popen[bytes]) -> DocumentError | CancelledError:
        """Return why the process ended before its time."""
        if self._cancelled.is_cancelled:
            return CancelledError("the reading of the document was stopped")
        self._stop()
        status = process.wait()
        log.warning("document reader ended", extra={"returncode": status})
        if status == -signal.SIGXCPU:
            return self._late(is_page=False)
        why = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
        return self._refused(
            f"its reader crashed on it ({why}): it is damaged, or needs more than "
            f"{self._order.limits.memory_bytes // MIB:,} MiB of memory; save it anew, or send it in parts"
        )

    def _refused(self, why: str) -> DocumentError:
        return DocumentError(f"{self._order.name or 'the document'} cannot be read: {why}")

    def _stop(self) -> None:
        """Kill the process and what it started; from any thread. Once waited for, its number may be another's."""
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

    def _kill(self) -> None:
        self._stop()
        process = self._process
        if process is None:
            return
        process.wait()
        for end in (process.stdin, process.stdout):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.close()
