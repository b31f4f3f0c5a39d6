"""What users set of providers and models: kept without nulls, with an event for each change, over a restart."""

import pytest

from models.batches.event_store import EventStore
from models.catalogue.provider_store import ProviderStore
from models.data_folder import DataFolder
from models.database import open_engine
from models.engines.writer import Writer
from tests.databases import database_url
from utils.clock import ManualClock, iso
from utils.errors import AuthenticationError


@pytest.fixture
def kept(writer: Writer, clock: ManualClock) -> ProviderStore:
    return ProviderStore(writer.engine, writer, EventStore(writer.engine), clock)


def test_nothing_is_kept_before_anything_is_set(kept: ProviderStore) -> None:
    assert (kept.providers(), kept.models(), kept.changes(0, 10)) == ({}, [], [])


def test_provider_that_is_put_is_made_and_then_changed_without_losing_the_rest(
    kept: ProviderStore, clock: ManualClock
) -> None:
    made = iso(clock.now())
    kept.put_provider("own", "provider added", custom=True, fields={"name": "Own"}, sealed_key="sealed")
    clock.advance(60)

    kept.put_provider("own", "provider changed", fields={"name": "Mine", "enabled": False})

    own = kept.providers()["own"]
    assert (own.custom, own.fields, own.sealed_key) == (True, {"name": "Mine", "enabled": False}, "sealed")
    assert (own.created_at, own.updated_at) == (made, iso(clock.now()))
    assert made < own.updated_at


def test_null_takes_a_field_back_and_is_never_kept(kept: ProviderStore) -> None:
    kept.put_provider("groq", "provider changed", fields={"name": None, "enabled": False, "requests_per_minute": 0})
    kept.put_models("groq", "model changed", {"m": {"max_tokens": None, "fallback_priority": 0}})

    assert kept.providers()["groq"].fields == {"enabled": False, "requests_per_minute": 0}
    assert kept.models()[0].fields == {"fallback_priority": 0}


def test_key_is_removed_by_null_and_the_fields_stay(kept: ProviderStore) -> None:
    kept.put_provider("groq", "provider changed", fields={"enabled": False}, sealed_key="sealed")

    kept.put_provider("groq", "key removed", sealed_key=None)

    assert (kept.providers()["groq"].sealed_key, kept.providers()["groq"].fields) == (None, {"enabled": False})


def test_every_change_leaves_an_event_that_names_what_was_set(kept: ProviderStore) -> None:
    ids = [
        kept.put_provider("own", "provider added", custom=True, fields={"name": "Own", "base_url": None}),
        kept.put_models("own", "models changed", {"b": {"enabled": True}, "a": {"enabled": False}}),
        kept.remove_provider("own"),
    ]

    told = kept.changes(0, 10)
    assert [row["id"] for row in told] == ids
    assert [(row["type"], row["detail"]) for row in told] == [
        ("provider added", {"provider": "own", "fields": ["name"]}),
        ("models changed", {"provider": "own", "models": ["a", "b"]}),
        ("provider removed", {"provider": "own"}),
    ]
    assert [row["id"] for row in kept.changes(ids[0], 1)] == ids[1:2]


def test_event_of_a_key_does_not_hold_it(kept: ProviderStore) -> None:
    kept.put_provider("groq", "key stored", sealed_key="sealed-text", sealed_config="sealed-config")

    assert kept.changes(0, 10)[0]["detail"] == {"provider": "groq", "fields": []}


def test_what_is_known_already_keeps_its_row_and_its_fields(kept: ProviderStore) -> None:
    kept.put_provider("groq", "provider changed", fields={"enabled": False})
    kept.put_models("groq", "model changed", {"m": {"enabled": False}})
    first = kept.models()[0]

    for _ in range(2):
        kept.know(["groq", "cerebras"], [("groq", "m"), ("cerebras", "m")])

    assert {name: row.fields for name, row in kept.providers().items()} == {"groq": {"enabled": False}, "cerebras": {}}
    assert [(row.provider, row.model) for row in kept.models()] == [("groq", "m"), ("cerebras", "m")]
    assert kept.models()[0] == first
    assert len(kept.changes(0, 10)) == 2


def test_models_of_a_provider_go_with_it_and_those_of_others_stay(kept: ProviderStore) -> None:
    kept.know(["own", "groq"], [("own", "m"), ("groq", "m")])

    kept.remove_provider("own")

    assert list(kept.providers()) == ["groq"]
    assert [(row.provider, row.model) for row in kept.models()] == [("groq", "m")]


def test_everything_that_was_set_is_there_after_a_restart(
    kept: ProviderStore, writer: Writer, folder: DataFolder, clock: ManualClock
) -> None:
    kept.put_provider("own", "provider added", custom=True, fields={"name": "Own"}, sealed_key="sealed")
    kept.put_models("own", "model changed", {"m": {"extra_config": {"top_p": 0.5}}})
    before = (kept.providers(), kept.models(), kept.changes(0, 10))
    writer.close()

    engine = open_engine(database_url(folder.path))
    again = ProviderStore(engine, Writer(engine), EventStore(engine), clock)
    after = (again.providers(), again.models(), again.changes(0, 10))
    engine.dispose()

    assert after == before
    assert len(before[2]) == 2


def test_all_secrets_are_sealed_anew_and_counted(kept: ProviderStore) -> None:
    kept.put_provider("a", "key stored", sealed_key="one", sealed_config="two")
    kept.put_provider("b", "key stored", sealed_key="three")
    kept.put_provider("c", "provider changed", fields={"enabled": False})

    count = kept.reseal(str.upper)

    rows = kept.providers()
    assert count == 3
    assert [(row.sealed_key, row.sealed_config) for row in rows.values()] == [
        ("ONE", "TWO"),
        ("THREE", None),
        (None, None),
    ]
    assert kept.changes(0, 10)[-1]["type"] == "secrets encrypted anew"


def test_no_secret_is_sealed_anew_when_one_cannot_be(kept: ProviderStore) -> None:
    kept.put_provider("a", "key stored", sealed_key="one")
    kept.put_provider("b", "key stored", sealed_key="foreign")

    def renew(sealed: str) -> str:
        if sealed == "foreign":
            raise AuthenticationError("sealed with another key")
        return sealed.upper()

    with pytest.raises(AuthenticationError):
        kept.reseal(renew)

    assert [row.sealed_key for row in kept.providers().values()] == ["one", "foreign"]
    assert [row["type"] for row in kept.changes(0, 10)] == ["key stored", "key stored"]
