#!/usr/bin/env bash
# PostgreSQL: a transaction that was lost in a crash is called committed.
#
# Expected: who loses the connection during a commit asks pg_xact_status(xid8) what became of it. A number of 64 bits
# names one transaction for ever, so the answer is of that one, or null.
# Seen with PostgreSQL 15.18, fsync and synchronous_commit on: numbers that had not reached the log when the server
# crashed are given again, and the status is that of the transaction that got the number next. The update is gone, its
# number is "committed".
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
export CONTROL="${as[*]} $bin/pg_ctl -D $folder/data -l $folder/data/log -w"
export OPTIONS="-p $port -k $folder -c listen_addresses=127.0.0.1"
export DATABASE="host=127.0.0.1 port=$port dbname=postgres user=postgres"
$CONTROL -o "$OPTIONS" start >> "$folder/log"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install "psycopg[binary]==3.3.9"
cat > seen.py <<'PY'
import os
import shlex
import subprocess

import psycopg


def control(*words: str) -> None:
    subprocess.run([*shlex.split(os.environ["CONTROL"]), *words], check=True, stdout=subprocess.DEVNULL)


with psycopg.connect(os.environ["DATABASE"], autocommit=True) as first:
    print("server", first.execute("SHOW server_version").fetchone()[0])
    first.execute("CREATE TABLE counters (name text PRIMARY KEY, value int)")
    first.execute("INSERT INTO counters VALUES ('ours', 0), ('theirs', 0)")
    first.execute("CHECKPOINT")

ours = psycopg.connect(os.environ["DATABASE"])
number = ours.execute("SELECT pg_current_xact_id()::text").fetchone()[0]
ours.execute("UPDATE counters SET value = 1 WHERE name = 'ours'")
control("-m", "immediate", "stop")  # as a crash does: the commit of ours never comes
control("-o", os.environ["OPTIONS"], "start")

with psycopg.connect(os.environ["DATABASE"], autocommit=True) as other:
    for _ in range(200):  # others go on writing
        other.execute("UPDATE counters SET value = value + 1 WHERE name = 'theirs'")
    status = other.execute("SELECT pg_xact_status(%s::xid8)", (number,)).fetchone()[0]
    kept = other.execute("SELECT value FROM counters WHERE name = 'ours'").fetchone()[0]
print("status of our transaction:", status)
print("what it wrote is there:", bool(kept))
assert (status, kept) == ("committed", 0), "a lost transaction is not called committed any more"
PY
tools/bin/python seen.py
