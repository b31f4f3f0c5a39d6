"""Servers that a benchmark starts for itself and stops again: PostgreSQL, and moto as S3."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BINARIES = Path("/usr/lib/postgresql/15/bin")
BUCKET = "bucket"


def free_port() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Postgres:
    """A PostgreSQL 15 with its data in a folder of its own, durable as by default."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        """Make the cluster in *folder*; PostgreSQL refuses to run as root, so that root hands it to postgres.

        It listens at *host*, and takes whoever comes from its network (of 24 bits).
        """
        self.host, self.port = host, free_port()
        self.url = f"postgresql://{host}:{self.port}/postgres?user=postgres"
        self._folder = folder
        self._user = "postgres" if os.geteuid() == 0 else None
        folder.chmod(0o755)
        data = folder / "cluster"
        data.mkdir()
        if self._user:
            shutil.chown(data, self._user)
        self._run("initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale")
        if host != "127.0.0.1":
            with (data / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {host}/24 trust\n")

    def _run(self, command: str, *arguments: str) -> None:
        line = [str(_BINARIES / command), *arguments]
        subprocess.run(line, user=self._user, check=True, stdout=subprocess.DEVNULL, cwd="/", extra_groups=[])

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -k {self._folder}/cluster -c listen_addresses={self.host} -c max_connections=300"
        data, log = f"{self._folder}/cluster", f"{self._folder}/cluster/log"
        self._run("pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it at once, its connections with it, as a restart of the machine in order does; "immediate" crashes."""
        self._run("pg_ctl", "-D", f"{self._folder}/cluster", "-m", mode, "-w", "stop")

    def cpu_s(self) -> float:
        """Return the CPU seconds that its processes, those that ended too, have used."""
        main = int((self._folder / "cluster" / "postmaster.pid").read_text().split()[0])
        own, children = _ticks(main)
        listed = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        ticks = own + children + sum(sum(_ticks(int(child))) for child in listed)
        return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(process: int) -> tuple[int, int]:
    """Return the clock ticks of a process and of its children that ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, 0
    return int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL of one's own."""
    with tempfile.TemporaryDirectory(prefix="bench-pg-") as name:
        server = Postgres(Path(name))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def s3() -> Iterator[str]:
    """Run moto in a process of its own, with one empty bucket; yield its address."""
    port = free_port()
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ.update(keys)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        from importlib import import_module

        address = f"http://127.0.0.1:{port}"
        import_module("boto3").client("s3", endpoint_url=address).create_bucket(Bucket=BUCKET)
        yield address
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _wait_for(port: int, within_s: float = 30.0) -> None:
    ends = time.monotonic() + within_s
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < ends, f"nobody listens at port {port}"
        time.sleep(0.05)
