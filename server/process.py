"""The server process: one worker with many threads under gunicorn's parent; waitress where gunicorn cannot run.

Where the database is a server's there may be several workers, each with a seat of its own in the data folder.

The parent holds the folder's lock and imports nothing heavy; the worker builds the
service after the fork (Polars must not be forked) and is replaced by the parent if
it dies, going on with its batches.
"""

import atexit
import contextlib
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import FrameType
from typing import TYPE_CHECKING

from config import Settings
from utils.errors import AppError, ConfigurationError, DataFolderGoneError
from utils.filelock import FolderLock, make_folder
from utils.files import place_of
from utils.logs import configure_logging
from utils.tracing import configure_tracing

if TYPE_CHECKING:  # the parent imports nothing heavy
    from flask import Flask
    from gunicorn.workers.base import Worker

    from bootstrap import Service

log = logging.getLogger(__name__)
_BOOT_FAILED = 3
_M_ARENA_MAX, _M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -8, -3, -1
# From so many bytes on a block is the system's own, and is given back when it is freed: those of a fold are.
_LARGE = 256 << 10
_POLARS_MEMORY, _POLARS_MEMORY_RULES = (
    "_RJEM_MALLOC_CONF",
    "narenas:2,tcache:false,dirty_decay_ms:1000,muzzy_decay_ms:0",
)
_PR_SET_PDEATHSIG = 1
# Seconds that open requests and the shutdown of the service may take before the worker is killed.
GRACE_S = 4
# Seconds that a connection without a request is kept; proxies in front must be first to close.
_KEEP_ALIVE_S = 5
# Open files that are no clients: the store's, the database's, calls to models.
_OWN_FILES = 512
_MOST_FILES = 1 << 16


@dataclass(frozen=True, slots=True)
class Parent:
    """Whose worker it is: the process that holds the folder's lock, and the folder as device and inode."""

    pid: int
    folder: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Job:
    """What the server runs.

    Attributes:
        settings: How it is served.
        make: Builds the service and its app; called in the worker only.
    """

    settings: Settings
    make: "Callable[[Settings], tuple[Flask, Service]]"


def run(job: Job) -> None:
    """Check port and folder, then serve until a signal.

    Raises:
        ConfigurationError: the port is taken, or the address is not this machine's.
        DataFolderBusyError: another process owns the folder.
        StorageError: the folder cannot be created or written.
    """
    settings = job.settings
    configure_logging(replace(settings.logging, file=None))
    check_port(settings.host, settings.port)
    folder = settings.data_dir.expanduser()
    lock = FolderLock(folder) if settings.database_file is not None else None
    if lock is not None:
        lock.acquire()
    else:  # each worker takes a seat among those that share it
        make_folder(folder)
    try:
        parent = Parent(os.getpid(), place_of(folder))
        if sys.platform == "win32":
            _run_waitress(job, parent)
        else:
            _run_gunicorn(job, parent)
    finally:
        if lock is not None:
            lock.release()


def check_port(host: str, port: int) -> None:
    """Refuse a port that is taken, with a clear message, before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"port {port} on {host}: {error.strerror}; stop the program that uses it, or set PORT to another number"
            ) from None


def _run_gunicorn(job: Job, parent: Parent) -> None:
    from gunicorn.app.base import BaseApplication

    from server.bodies import WholeBodies
    from server.worker import LONGEST_LINE, Serving, patient_worker

    settings = job.settings
    serving = Serving(
        settings.threads,
        settings.read_timeout_s,
        _KEEP_ALIVE_S,
        connections_for(settings.max_connections),
        settings.max_connections_per_address,
    )

    class Application(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            options = {
                "bind": f"[{settings.host}]:{settings.port}"
                if ":" in settings.host
                else f"{settings.host}:{settings.port}",
                "worker_class": patient_worker(serving),
                "workers": settings.web_workers,
                "backlog": 2048,
                "limit_request_line": LONGEST_LINE,
                "limit_request_field_size": LONGEST_LINE,
                "graceful_timeout": GRACE_S,
                "timeout": 60,
                "keepalive": _KEEP_ALIVE_S,
                "loglevel": "warning",
                "post_worker_init": _worker_ready,
                "worker_exit": _worker_exit,
                "control_socket_disable": True,
            }
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> "Flask":
            app, platform = _start(job, parent)
            app.wsgi_app = WholeBodies(app.wsgi_app)  # type: ignore[method-assign]  # as Flask's documentation has it
            _RUNNING.append(platform)
            return app

    logging.getLogger("gunicorn.error").addFilter(_says_more_than_we_did)
    Application().run()


def connections_for(wanted: int) -> int:
    """Raise the limit of open files as far as allowed and needed; return how many connections fit into it."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    if soft == resource.RLIM_INFINITY or wanted <= soft - _OWN_FILES:
        return wanted
    fitting = max(soft // 2, soft - _OWN_FILES)
    log.warning("fewer connections than MAX_CONNECTIONS: too few files may be open", extra={"connections": fitting})
    return min(wanted, fitting)


# The service of this process, once it runs: gunicorn's hooks get the worker only.
_RUNNING: "list[Service]" = []


def _start(job: Job, parent: Parent) -> "tuple[Flask, Service]":
    """Build and start the service in the worker; a fault there ends the whole server with its sentence."""
    _tune_memory()  # read by libraries when they are loaded
    settings = job.settings
    configure_logging(settings.logging)
    _end_with_parent(parent)
    try:
        if settings.otel_exporter_otlp_endpoint:
            atexit.register(configure_tracing(settings.otel_exporter_otlp_endpoint))
        _check_folder(settings, parent)
        app, platform = job.make(settings)
        platform.start()
    except AppError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.stderr.flush()
        os._exit(_BOOT_FAILED)
    # What exists now stays: the garbage collector need not look through it, now or later.
    gc.freeze()
    gc.enable()
    return app, platform


def _end_with_parent(parent: Parent) -> None:
    """Have Linux kill the worker when its parent is killed: it would hold the port and go on calling models."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent.pid not in (os.getpid(), os.getppid()):
        os._exit(_BOOT_FAILED)  # it was killed before that


def _check_folder(settings: Settings, parent: Parent) -> None:
    """Refuse to begin in another folder than the one whose lock is held: what is added there would be lost."""
    folder = settings.data_dir.expanduser()
    if not folder.exists() or place_of(folder) != parent.folder:
        raise DataFolderGoneError(
            f"data folder {folder}: went away while the service ran; bring it back (mount or rename it) and start again"
        )


def _tune_memory() -> None:
    """Keep many threads from holding a heap each; worth 20 MiB with a thousand streams, and a tenth of the CPU.

    And 100 MiB with two thousand slow clients, whose requests have been in each of the threads.
    """
    gc.disable()  # until the service is built: to look through all that is loaded takes a quarter of the start
    gc.set_threshold(20_000, 20, 20)
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    # Polars' own allocator would keep some for each thread that ever read the data set. A value set already wins.
    given = os.environ.get(_POLARS_MEMORY)
    os.environ[_POLARS_MEMORY] = ",".join(filter(None, (_POLARS_MEMORY_RULES, given)))
    with contextlib.suppress(OSError, AttributeError):  # only glibc has it
        libc = ctypes.CDLL(None)
        for option, value in ((_M_ARENA_MAX, 2), (_M_MMAP_THRESHOLD, _LARGE), (_M_TRIM_THRESHOLD, _LARGE)):
            libc.mallopt(option, value)


def _announce(settings: Settings) -> None:
    log.info("listening", extra={"url": f"http://{settings.host}:{settings.port}", "data_dir": settings.data_dir})


def _says_more_than_we_did(record: logging.LogRecord) -> bool:
    """Drop gunicorn's echo of a start that failed: our own sentence has been printed."""
    return not record.getMessage().startswith(("Worker failed to boot", "Shutting down", "Reason:", "Worker (pid:"))


def _worker_ready(_worker: "Worker") -> None:
    for platform in _RUNNING:
        _announce(platform.settings)
        _close_streams_on_sigterm(platform)


def _close_streams_on_sigterm(platform: "Service") -> None:
    """End the streams when the worker is told to stop: it waits for open requests otherwise."""
    stopping = threading.Event()

    def close() -> None:
        stopping.wait()
        platform.close()

    threading.Thread(target=close, name="shutdown", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        _also_on(number, stopping.set)


def _also_on(number: signal.Signals, act: Callable[[], None]) -> None:
    """Have *act* done when signal *number* comes, before the former handler."""
    before = signal.getsignal(number)

    def handle(signum: int, frame: FrameType | None) -> None:
        act()
        if callable(before):
            before(signum, frame)

    signal.signal(number, handle)


def _worker_exit(_server: object, _worker: "Worker") -> None:
    for platform in _RUNNING:
        platform.close()


def _run_waitress(job: Job, parent: Parent) -> None:
    from waitress import serve

    app, platform = _start(job, parent)
    settings = job.settings
    _announce(settings)
    try:
        serve(
            app,
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            connection_limit=settings.max_connections,
            channel_timeout=int(settings.read_timeout_s) + 1,
        )
    finally:
        platform.close()
