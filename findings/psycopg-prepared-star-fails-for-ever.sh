#!/usr/bin/env bash
# psycopg: a statement that was prepared by itself fails for ever on its connection when a column was added meanwhile.
#
# Expected: psycopg prepares what it has run five times, which nobody asked for. When another connection adds a column,
# `SELECT *` goes on, as it does on a connection that has run it fewer times: at the latest the second time, when the
# error has told that the statement is old. asyncpg prepares it anew.
# Seen with psycopg 3.3.9 and PostgreSQL 15: "cached plan must not change result type", each time again until the
# connection is closed. PgQueuer 1.6.0 reads jobs with `SELECT *`: on its psycopg driver a connection that has taken
# eight jobs takes none any more once a column was added, as its own upgrades do; on its asyncpg driver it goes on.
# With `prepare_threshold=None` all is well.
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
tools/bin/python -m pip --quiet --disable-pip-version-check install \
  pgqueuer==1.6.0 "psycopg[binary]==3.3.9" psycopg-pool==3.3.3 asyncpg==0.32.0
cat > seen.py <<'PY'
import asyncio
import os
import uuid
from datetime import timedelta

import asyncpg
import psycopg
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.queries import Queries

URL = os.environ["DATABASE"]


def tries(connection):
    said = []
    for _ in range(3):
        try:
            said.append(connection.execute("SELECT * FROM things").fetchall())
        except psycopg.errors.FeatureNotSupported as error:
            said.append(str(error))
    return said


with psycopg.connect(URL, autocommit=True) as other, psycopg.connect(URL, autocommit=True) as often:
    other.execute("CREATE TABLE things (a int)")
    for _ in range(8):
        often.execute("SELECT * FROM things")
    seldom = psycopg.connect(URL, autocommit=True)
    seldom.execute("SELECT * FROM things")
    never = psycopg.connect(URL, autocommit=True, prepare_threshold=None)
    for _ in range(8):
        never.execute("SELECT * FROM things")
    other.execute("ALTER TABLE things ADD COLUMN b int")
    print("psycopg, run 8 times before:", tries(often))
    assert tries(seldom) == tries(never) == [[], [], []]
    assert tries(often) == ["cached plan must not change result type"] * 3


async def taken(queries, column):
    limits = {"work": EntrypointExecutionParameter(concurrency_limit=0)}
    for _ in range(20):
        await queries.enqueue("work", None)

    async def take():
        return len(await queries.dequeue(1, limits, uuid.uuid4(), None, timedelta(seconds=30)))

    assert [await take() for _ in range(8)] == [1] * 8
    with psycopg.connect(URL, autocommit=True) as other:
        other.execute(f"ALTER TABLE pgqueuer ADD COLUMN {column} int")
    said = []
    for _ in range(3):
        try:
            said.append(await take())
        except Exception as error:
            said.append(str(error))
    return said


async def main():
    connection = await psycopg.AsyncConnection.connect(URL, autocommit=True)
    queries = Queries.from_psycopg_connection(connection)
    await queries.install()
    by_psycopg = await taken(queries, "later")
    by_asyncpg = await taken(Queries.from_asyncpg_connection(await asyncpg.connect(URL)), "latest")
    print("PgQueuer on psycopg:", by_psycopg)
    print("PgQueuer on asyncpg:", by_asyncpg)
    assert by_psycopg == ["cached plan must not change result type"] * 3
    assert by_asyncpg == [1, 1, 1]


asyncio.run(main())
PY
tools/bin/python seen.py
