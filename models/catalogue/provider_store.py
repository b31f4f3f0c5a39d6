"""Users' overrides of providers and models, and their stored keys; the catalogue's files do not change."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypedDict, Unpack, cast

import orjson
from pydantic import JsonValue
from sqlalchemy import Connection, Engine, delete, insert, select, update

from models.batches.event_store import EventStore
from models.contract.answers.management import ChangeDetail, ChangeEvent
from models.database import ModelRow, ProviderRow
from models.engines.opening import reading
from models.engines.writer import Writer
from utils.clock import Clock, iso

# In the order in which they were added.
_PROVIDERS = select(*ProviderRow.__table__.columns).order_by(ProviderRow.created_at, ProviderRow.id)
_MODELS = select(*ModelRow.__table__.columns).order_by(ModelRow.db_id)


class ProviderFields(TypedDict, total=False):
    """A user's override of a provider; the catalogue has the rest. None removes a field and is never stored."""

    name: str | None
    base_url: str | None
    enabled: bool | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    default_model_id: str | None
    champion_model_id: str | None
    extra_config: dict[str, JsonValue] | None


class ModelFields(TypedDict, total=False):
    """A user's override of a model; the catalogue has the rest. None removes a field and is never stored."""

    display_name: str | None
    enabled: bool | None
    fallback_priority: int | None
    max_tokens: int | None
    context_window: int | None
    supports_json_schema: bool | None
    is_thinking_model: bool | None  # kept by earlier versions; `supports_cot` is what is kept now
    supports_cot: bool | None
    supports_streaming: bool | None
    supports_vision: bool | None
    guided: bool | None
    extra_config: dict[str, JsonValue] | None


class ProviderColumns(TypedDict, total=False):
    """What a change sets of a row of `providers`; see `KeptProvider`."""

    custom: bool
    fields: ProviderFields
    sealed_key: str | None
    sealed_config: str | None


@dataclass(frozen=True, slots=True)
class KeptProvider:
    """One row of `providers`.

    Attributes:
        custom: Whether a user added it, so that it is not in the catalogue.
        fields: The fields that were set, no others.
        sealed_key: The key, encrypted; None when none is stored.
        sealed_config: Free settings as JSON, encrypted.
    """

    id: str
    custom: bool
    fields: ProviderFields
    sealed_key: str | None
    sealed_config: str | None
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class KeptModel:
    """One row of `models`; `fields` has only those that were set."""

    db_id: int
    provider: str
    model: str
    fields: ModelFields
    created_at: str
    updated_at: str


class ProviderStore:
    """Reads and writes `providers` and `models`; every change adds an event in the same commit."""

    def __init__(self, engine: Engine, writer: Writer, events: EventStore, clock: Clock) -> None:
        self._engine = engine
        self._writer = writer
        self._events = events
        self._clock = clock

    def providers(self) -> dict[str, KeptProvider]:
        """Return the overrides, by provider."""
        with reading(self._engine) as connection:
            rows = connection.execute(_PROVIDERS).mappings().all()
        return {row["id"]: KeptProvider(**{**row, "fields": orjson.loads(row["fields"])}) for row in rows}

    def models(self) -> list[KeptModel]:
        """Return the overrides of models."""
        with reading(self._engine) as connection:
            rows = connection.execute(_MODELS).mappings().all()
        return [KeptModel(**{**row, "fields": orjson.loads(row["fields"])}) for row in rows]

    def know(self, providers: Iterable[str], models: Iterable[tuple[str, str]]) -> None:
        """Add a row (with `db_id` and `created_at`) for each provider and model that has none."""
        have, have_models = set(self.providers()), {(row.provider, row.model) for row in self.models()}
        new = [name for name in providers if name not in have]
        new_models = [pair for pair in models if pair not in have_models]
        if not new and not new_models:
            return
        now = iso(self._clock.now())
        times = {"fields": "{}", "created_at": now, "updated_at": now}

        def write(connection: Connection) -> None:
            if new:
                connection.execute(insert(ProviderRow), [{"id": name, "custom": False, **times} for name in new])
            if new_models:
                rows = [{"provider": provider, "model": model, **times} for provider, model in new_models]
                connection.execute(insert(ModelRow), rows)

        self._writer.run(write)

    def put_provider(self, name: str, change: str, **columns: Unpack[ProviderColumns]) -> int:
        """Set *columns* of a provider, adding its row if missing; return the id of the event, named *change*."""
        fields = _kept(columns.get("fields", {}))
        values: dict[str, object] = {**columns}
        if "fields" in columns:
            values["fields"] = orjson.dumps(fields).decode()

        def write(connection: Connection) -> int:
            now = iso(self._clock.now())
            done = connection.execute(
                update(ProviderRow).where(ProviderRow.id == name).values(**values, updated_at=now)
            )
            if not done.rowcount:
                row = {"custom": False, "fields": "{}", "created_at": now, "updated_at": now, **values, "id": name}
                connection.execute(insert(ProviderRow), [row])
            return self._event(connection, change, {"provider": name, "fields": sorted(fields)})

        return self._writer.run(write)

    def remove_provider(self, name: str) -> int:
        """Delete the rows of a provider and its models; return the id of the event."""

        def write(connection: Connection) -> int:
            connection.execute(delete(ProviderRow).where(ProviderRow.id == name))
            connection.execute(delete(ModelRow).where(ModelRow.provider == name))
            return self._event(connection, "provider removed", {"provider": name})

        return self._writer.run(write)

    def put_models(self, provider: str, change: str, fields: Mapping[str, ModelFields]) -> int:
        """Set the fields of models (by id) of *provider*; return the id of the event, named *change*."""

        def write(connection: Connection) -> int:
            now = iso(self._clock.now())
            for model, values in fields.items():
                text = orjson.dumps(_kept(values)).decode()
                mine = (ModelRow.provider == provider, ModelRow.model == model)
                done = connection.execute(update(ModelRow).where(*mine).values(fields=text, updated_at=now))
                if not done.rowcount:
                    row = {"provider": provider, "model": model, "fields": text, "created_at": now, "updated_at": now}
                    connection.execute(insert(ModelRow), [row])
            return self._event(connection, change, {"provider": provider, "models": sorted(fields)[:20]})

        return self._writer.run(write)

    def reseal(self, renew: Callable[[str], str]) -> int:
        """Replace every stored secret by what *renew* makes of it, all or none; return how many."""

        def write(connection: Connection) -> int:
            count = 0
            for row in connection.execute(_PROVIDERS).mappings().all():
                sealed = {name: renew(row[name]) for name in ("sealed_key", "sealed_config") if row[name]}
                if sealed:
                    connection.execute(update(ProviderRow).where(ProviderRow.id == row["id"]).values(**sealed))
                count += len(sealed)
            self._event(connection, "secrets encrypted anew", {"provider": ""})
            return count

        return self._writer.run(write)

    def changes(self, after: int, limit: int) -> list[ChangeEvent]:
        """Return the events of changes after id *after*, oldest first."""
        return cast("list[ChangeEvent]", self._events.of("", after, limit))  # as `_event` wrote them

    def _event(self, connection: Connection, change: str, detail: ChangeDetail) -> int:
        return self._events.add(connection, "", iso(self._clock.now()), change, detail)


def _kept(fields: ProviderFields | ModelFields) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
