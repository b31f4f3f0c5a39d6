"""The manifests of releases."""

from typing import cast

import orjson
from sqlalchemy import Connection, Engine, insert, select, update

from models.contract.answers.releases import ReleaseFacts, ReleaseYank
from models.database import ReleaseRow
from models.engines.opening import reading
from models.engines.writer import Writer
from utils.errors import ExistsError, NotFoundError


class ReleaseStore:
    """Reads and writes the table. Thread-safe."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def add(self, facts: ReleaseFacts) -> None:
        """Keep a release.

        Raises:
            ExistsError: there is one of this name and version, or of this id.
        """

        def change(connection: Connection) -> None:
            mine = (ReleaseRow.name == facts["name"]) & (ReleaseRow.version == facts["version"])
            wanted = select(ReleaseRow.id).where(mine | (ReleaseRow.id == facts["id"]))
            taken = connection.execute(wanted).first()
            if taken is not None:
                raise ExistsError(
                    f"version: {facts['name']} {facts['version']} is release {taken[0]}; "
                    "choose another, or none for the next"
                )
            connection.execute(
                insert(ReleaseRow).values(
                    id=facts["id"],
                    name=facts["name"],
                    version=facts["version"],
                    created_at=facts["created_at"],
                    manifest=orjson.dumps({**facts, "yanked": None}).decode(),
                )
            )

        self._writer.run(change)

    def all(self, name: str = "") -> list[ReleaseFacts]:
        """Return all releases, newest first; only those of *name*, if given."""
        query = select(
            ReleaseRow.manifest, ReleaseRow.yanked_at, ReleaseRow.yank_reason, ReleaseRow.is_erased
        ).order_by(ReleaseRow.number.desc())
        if name:
            query = query.where(ReleaseRow.name == name)
        with reading(self._engine) as connection:
            return [_facts(*row) for row in connection.execute(query)]

    def get(self, release_id: str) -> ReleaseFacts:
        """Return a release; NotFoundError when there is none with this id."""
        columns = (ReleaseRow.manifest, ReleaseRow.yanked_at, ReleaseRow.yank_reason, ReleaseRow.is_erased)
        with reading(self._engine) as connection:
            row = connection.execute(select(*columns).where(ReleaseRow.id == release_id)).first()
        if row is None:
            raise _unknown(release_id)
        return _facts(*row)

    def ids(self) -> set[str]:
        """Return the ids of all releases."""
        with reading(self._engine) as connection:
            return set(connection.execute(select(ReleaseRow.id)).scalars())

    def yank(self, release_id: str, yank: ReleaseYank | None) -> None:
        """Say that a release should not be used, and why, or with None that it may be; NotFoundError as `get`."""
        values: dict[str, object] = {"yanked_at": None, "yank_reason": ""}
        if yank is not None:
            values = {"yanked_at": yank["at"], "yank_reason": yank["reason"], "is_erased": yank["is_erased"]}

        def change(connection: Connection) -> int:
            return connection.execute(update(ReleaseRow).where(ReleaseRow.id == release_id).values(**values)).rowcount

        if not self._writer.run(change):
            raise _unknown(release_id)


def _unknown(release_id: str) -> NotFoundError:
    return NotFoundError(f"release {release_id[:100]!r}: is not there; list them with GET /api/releases")


def _facts(manifest: str, yanked_at: str | None, reason: str, is_erased: bool) -> ReleaseFacts:
    facts = cast("ReleaseFacts", orjson.loads(manifest))  # as `add` was given it
    facts["yanked"] = {"at": yanked_at, "reason": reason, "is_erased": is_erased} if yanked_at else None
    return facts
