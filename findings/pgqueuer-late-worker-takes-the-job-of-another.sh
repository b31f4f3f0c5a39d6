#!/usr/bin/env bash
# PgQueuer: a worker that was away for a while still changes a job that another worker has by now.
#
# Expected: the row of a job names the worker that has it (`queue_manager_id`). What another worker says of the job is
# ignored, and `concurrency_limit=1` "guarantees that only one job of this entrypoint runs at a time across all workers".
# Seen with PgQueuer 1.6.0: a worker is stopped (a machine that sleeps, here SIGSTOP), its job is given to a second worker
# as it should be. The first one goes on, its handler raises RetryRequested: the job that the second one is working on is
# queued again, a third worker begins it beside the second, in spite of concurrency_limit=1. Neither `log_jobs` nor
# `retry_job` nor `update_heartbeat` looks at the worker: a late end removes the job of another in the same way.
set -euo pipefail
folder=$(mktemp -d)
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
as=()
if [ "$(id -u)" = 0 ]; then as=(runuser -u postgres --); chown postgres "$folder"; fi
chmod 755 "$folder"
trap '"${as[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate stop > /dev/null 2>&1 || true; rm -rf "$folder"' EXIT
cd "$folder"
"${as[@]}" "$bin/initdb" -D "$folder/data" -A trust -U postgres > "$folder/log"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"${as[@]}" "$bin/pg_ctl" -D "$folder/data" -o "-p $port -k $folder -c listen_addresses=127.0.0.1" -l "$folder/data/log" -w start >> "$folder/log"
export DATABASE="postgresql://127.0.0.1:$port/postgres?user=postgres"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install pgqueuer==1.6.0 asyncpg==0.32.0
cat > worker.py <<'PY'
import asyncio
import os
import signal
import sys
from datetime import timedelta

import asyncpg
from pgqueuer.errors import RetryRequested
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

NAME, LASTS_S = sys.argv[1], float(sys.argv[2])


async def main():
    manager = QueueManager(Queries.from_asyncpg_connection(await asyncpg.connect(os.environ["DATABASE"])))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, manager.shutdown.set)

    @manager.entrypoint("work", concurrency_limit=1)
    async def work(job):
        with open("begun", "a") as file:
            file.write(f"{NAME} {job.id}\n")
        await asyncio.sleep(LASTS_S)
        if NAME == "first":
            raise RetryRequested

    await manager.run(heartbeat_timeout=timedelta(seconds=3), dequeue_timeout=timedelta(seconds=1))


asyncio.run(main())
PY
cat > seen.py <<'PY'
import asyncio
import os
import pathlib
import signal
import subprocess
import sys

import asyncpg
from pgqueuer.queries import Queries

BEGUN = pathlib.Path("begun")
BEGUN.touch()


def worker(name, lasts_s):
    return subprocess.Popen([sys.executable, "worker.py", name, str(lasts_s)])


async def begun(count):
    """Wait until handlers have begun so many times; return which."""
    while len(lines := BEGUN.read_text().splitlines()) < count:
        await asyncio.sleep(0.05)
    return lines


async def main(workers):
    connection = await asyncpg.connect(os.environ["DATABASE"])
    queries = Queries.from_asyncpg_connection(connection)
    await queries.install()
    await queries.enqueue("work", None)
    workers.append(worker("first", 2))
    await begun(1)
    workers[0].send_signal(signal.SIGSTOP)
    workers.append(worker("second", 1000))
    await begun(2)
    workers[1].terminate()  # it takes no more jobs, and ends the one that it has
    holder = await connection.fetchval("SELECT queue_manager_id FROM pgqueuer")
    workers.append(worker("third", 1000))
    await asyncio.sleep(6)
    assert len(await begun(2)) == 2 and await connection.fetchval("SELECT queue_manager_id FROM pgqueuer") == holder
    workers[0].send_signal(signal.SIGCONT)
    lines = await begun(3)
    assert workers[1].poll() is None
    print("begun:", lines, "while the second is still at it, with concurrency_limit=1")
    assert lines[:2] == ["first 1", "second 1"] and lines[2] in ("first 1", "third 1")
    assert await connection.fetchval("SELECT queue_manager_id FROM pgqueuer") != holder


started = []
try:
    asyncio.run(asyncio.wait_for(main(started), 60))
finally:
    for each in started:
        each.kill()
PY
tools/bin/python seen.py
