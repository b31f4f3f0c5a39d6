"""The work table on PostgreSQL with nothing but SQL: SKIP LOCKED, a lease and a fencing number."""

from importlib import import_module
from typing import Any

SCHEMA = """
CREATE TABLE work (
    batch_id text NOT NULL,
    ordinal bigint NOT NULL,
    state text NOT NULL DEFAULT 'todo',
    job text NOT NULL,
    fence bigint,
    lease_until timestamptz,
    PRIMARY KEY (batch_id, ordinal)
);
CREATE INDEX work_todo ON work (batch_id, ordinal) WHERE state = 'todo';
CREATE INDEX work_leased ON work (lease_until) WHERE state = 'leased';
CREATE SEQUENCE fences;
"""
# MATERIALIZED: without it the planner may run the choice again for each row, and locks more than n.
CLAIM = """
WITH mine AS MATERIALIZED (
    SELECT batch_id, ordinal FROM work
    WHERE state = 'todo' AND batch_id = ANY(%s)
    ORDER BY batch_id, ordinal LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE work w SET state = 'leased', fence = nextval('fences'), lease_until = now() + %s * interval '1 second'
FROM mine WHERE w.batch_id = mine.batch_id AND w.ordinal = mine.ordinal
RETURNING w.batch_id, w.ordinal, w.job, w.fence
"""
_HELD = """
FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS mine (batch_id, ordinal, fence)
WHERE w.batch_id = mine.batch_id AND w.ordinal = mine.ordinal AND w.fence = mine.fence AND w.state = 'leased'
RETURNING w.batch_id, w.ordinal
"""
FINISH = f"UPDATE work w SET state = 'done', lease_until = NULL {_HELD}"  # noqa: S608
HEARTBEAT = f"UPDATE work w SET lease_until = now() + interval '30 seconds' {_HELD}"  # noqa: S608
OVERDUE = """
UPDATE work SET state = 'todo', lease_until = NULL WHERE state = 'leased' AND lease_until < now()
RETURNING batch_id, ordinal
"""

Claimed = list[tuple[str, int, str, int]]


class PlainQueue:
    """Claims and finishes on one connection; a commit each."""

    name = "SKIP LOCKED, psycopg"

    def __init__(self, url: str) -> None:
        psycopg: Any = import_module("psycopg")
        self.connection = psycopg.connect(url, autocommit=True)
        self.batches = ["b0"]

    def fill(self, count: int) -> None:
        """Make the table anew with *count* items to do, dealt to the batches."""
        self.connection.execute("DROP TABLE IF EXISTS work; DROP SEQUENCE IF EXISTS fences")
        self.connection.execute(SCHEMA)
        self.connection.execute(
            "INSERT INTO work (batch_id, ordinal, job)"
            " SELECT 'b' || n %% %s, n, 'a basic question about topic ' || n %% 40"
            " FROM generate_series(1, %s) n",
            (len(self.batches), count),
        )
        self.connection.execute("VACUUM ANALYZE work")

    def claim(self, count: int, lease_s: float = 30.0) -> Claimed:
        """Lease the next *count* items."""
        found: Claimed = self.connection.execute(CLAIM, (self.batches, count, lease_s)).fetchall()
        return found

    def finish(self, items: Claimed) -> int:
        """Note that they are done; return how many still were ours."""
        columns = [[item[at] for item in items] for at in (0, 1, 3)]
        return len(self.connection.execute(FINISH, columns).fetchall())
