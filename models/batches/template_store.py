"""Templates of batches: each change is a version of its own, and all of them stay."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Select, delete, func, insert, select

from models.database import TemplateRow
from models.engines.opening import reading
from models.engines.writer import Writer
from utils.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class KeptTemplate:
    """One version; `body` is JSON as `BatchRequest` takes it."""

    name: str
    version: int
    created_at: str
    note: str
    body: str


_COLUMNS = (TemplateRow.name, TemplateRow.version, TemplateRow.created_at, TemplateRow.note, TemplateRow.body)


class TemplateStore:
    """Reads and writes the table. Thread-safe."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def add(self, name: str, body: str, note: str, at: str) -> KeptTemplate:
        """Keep the next version of a template; the newest again where nothing is new in it."""

        def change(connection: Connection) -> KeptTemplate:
            newest = connection.execute(_newest(name)).first()
            if newest is not None and (newest.body, newest.note) == (body, note):
                return KeptTemplate(*newest)
            made = KeptTemplate(name, 1 + (newest.version if newest is not None else 0), at, note, body)
            values = {"name": name, "version": made.version, "created_at": at, "note": note, "body": body}
            connection.execute(insert(TemplateRow).values(**values))
            return made

        return self._writer.run(change)

    def get(self, name: str, version: int | None = None) -> KeptTemplate:
        """Return a version, the newest for None; NotFoundError when there is none."""
        query = _newest(name)
        if version is not None:
            query = query.where(TemplateRow.version == version)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            which = f" in version {version}" if version is not None else ""
            raise NotFoundError(f"template {name[:100]!r}: is not there{which}; list them with GET /api/templates")
        return KeptTemplate(*row)

    def newest(self) -> list[KeptTemplate]:
        """Return the newest version of each template, by name."""
        last = select(func.max(TemplateRow.id)).group_by(TemplateRow.name)
        with reading(self._engine) as connection:
            rows = connection.execute(select(*_COLUMNS).where(TemplateRow.id.in_(last)).order_by(TemplateRow.name))
            return [KeptTemplate(*row) for row in rows]

    def versions(self, name: str) -> list[KeptTemplate]:
        """Return all versions of a template, newest first; NotFoundError when there is none."""
        self.get(name)
        with reading(self._engine) as connection:
            every = _newest(name).limit(None)
            return [KeptTemplate(*row) for row in connection.execute(every)]

    def delete(self, name: str) -> None:
        """Delete a template with all versions; NotFoundError when there is none."""
        self.get(name)
        self._writer.run(lambda connection: connection.execute(delete(TemplateRow).where(TemplateRow.name == name)))


def _newest(name: str) -> Select[str, int, str, str, str]:
    return select(*_COLUMNS).where(TemplateRow.name == name).order_by(TemplateRow.version.desc()).limit(1)
