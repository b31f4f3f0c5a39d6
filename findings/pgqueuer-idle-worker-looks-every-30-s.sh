#!/usr/bin/env bash
# PgQueuer: `heartbeat_timeout` does not say when the job of a killed worker comes back; an idle worker looks every 30 s.
#
# Expected: with `heartbeat_timeout` of 3 s the job of a worker that was killed is begun again by an idle worker some 3 s
# after its last heartbeat. (For jobs that are deferred a worker shortens its wait to the moment when they are due.)
# Seen with PgQueuer 1.6.0: the idle worker looks for stale jobs only when something is enqueued or when its
# `dequeue_timeout` is over, by default 30 s: the job comes back after some 30 s. With a `dequeue_timeout` of 1 s it comes
# back after 3 to 5 s.
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
import sys
from datetime import timedelta

import asyncpg
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries


async def main(lasts_s, options):
    manager = QueueManager(Queries.from_asyncpg_connection(await asyncpg.connect(os.environ["DATABASE"])))

    @manager.entrypoint("work")
    async def work(job):
        print("begun", flush=True)
        await asyncio.sleep(lasts_s)

    print("ready", flush=True)
    await manager.run(heartbeat_timeout=timedelta(seconds=3), **options)


seconds = float(sys.argv[2])
asyncio.run(main(float(sys.argv[1]), {"dequeue_timeout": timedelta(seconds=seconds)} if seconds else {}))
PY
cat > seen.py <<'PY'
import asyncio
import os
import subprocess
import sys
import time

import asyncpg
from pgqueuer.queries import Queries


def worker(lasts_s, dequeue_s):
    process = subprocess.Popen(
        [sys.executable, "worker.py", str(lasts_s), str(dequeue_s)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


async def main():
    connection = await asyncpg.connect(os.environ["DATABASE"])
    queries = Queries.from_asyncpg_connection(connection)
    await queries.install()
    waited = {}
    for dequeue_s in (0, 1):
        await queries.enqueue("work", None)
        first = worker(1000, dequeue_s)
        assert first.stdout.readline() == "begun\n"
        idle = worker(0, dequeue_s)
        await asyncio.sleep(1)
        first.kill()
        killed = time.monotonic()
        assert idle.stdout.readline() == "begun\n"
        waited[dequeue_s] = time.monotonic() - killed
        while await connection.fetchval("SELECT count(*) FROM pgqueuer"):
            await asyncio.sleep(0.1)
        idle.kill()
    print(f"heartbeat_timeout 3 s: back after {waited[0]:.1f} s; with dequeue_timeout 1 s after {waited[1]:.1f} s")
    assert waited[0] > 20 > 8 > waited[1]


asyncio.run(main())
PY
tools/bin/python seen.py
