"""Settings: everything validated, every problem reported at once."""

from pathlib import Path

import pytest

from config import PROJECT_DIR, Settings, load_settings
from utils.errors import ConfigurationError


def test_defaults_listen_on_loopback_at_5001() -> None:
    settings = Settings(_env_file=None)

    assert (settings.host, settings.port, settings.max_concurrent_batches) == ("127.0.0.1", 5001, 4)
    assert settings.database_url == f"sqlite:///{PROJECT_DIR / 'batches.db'}"
    assert settings.secret("GROQ_API_KEY") is None
    assert settings.url("OLLAMA_HOST") is None


def test_every_problem_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "99999")
    monkeypatch.setenv("MAX_WORKERS", "many")
    monkeypatch.setenv("OPENAI_BASE_URL", "ftp://x")
    monkeypatch.setenv("GROQ_API_KEY", "two words")

    with pytest.raises(ConfigurationError) as caught:
        load_settings()

    message = str(caught.value)
    assert all(name in message for name in ("PORT", "MAX_WORKERS", "OPENAI_BASE_URL", "GROQ_API_KEY"))
    assert "two words" not in message
    assert "README" in message


def test_keys_are_stripped_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "GROQ_API_KEY=' gsk_secret123 '\nCEREBRAS_API_KEY=\nOLLAMA_HOST=localhost:11434/\nCORS_ORIGINS=http://a.test, http://b.test\n"
    )

    settings = load_settings()

    assert settings.secret("GROQ_API_KEY") == "gsk_secret123"
    assert settings.secret("CEREBRAS_API_KEY") is None
    assert settings.url("OLLAMA_HOST") == "http://localhost:11434"
    assert settings.cors_origins == ("http://a.test", "http://b.test")
    assert "gsk_secret123" not in repr(settings)


SECRET = "pw-Hidden-0123456789"
PASTED = [
    SECRET,
    f"http://user:{SECRET}@host.test",
    f"postgresql://user:{SECRET}@host/db",
    f"([{SECRET}",
    f"ftp://{SECRET}",
]


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_value_of_no_setting_is_repeated_when_it_is_wrong(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for value in PASTED:
        monkeypatch.setenv(name.upper(), value)
        try:
            load_settings(_env_file=None)
        except ConfigurationError as error:
            told.append(str(error))

    assert [message for message in told if "Hidden" in message or name.upper() not in message] == []


def test_short_value_is_shown_where_a_number_or_a_choice_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "99999")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    monkeypatch.setenv("MAX_COST_USD_PER_DAY", "-1")
    monkeypatch.setenv("RESUME_BATCHES", "perhaps")

    with pytest.raises(ConfigurationError) as caught:
        load_settings(_env_file=None)

    assert all(f"(got '{value}')" in str(caught.value) for value in ("99999", "LOUD", "-1", "perhaps"))


def test_database_address_can_be_set() -> None:
    assert Settings(_env_file=None, database_uri="sqlite:///x.db").database_url == "sqlite:///x.db"


@pytest.mark.parametrize("kind", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_by_the_driver_that_is_used_here(kind: str) -> None:
    settings = Settings(_env_file=None, database_uri=f" {kind}://db.internal/samples ")

    assert (settings.database_url, settings.database_file) == ("postgresql+psycopg://db.internal/samples", None)


def test_several_processes_need_a_database_and_limits_for_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_WORKERS", "2")
    for name, value in (("", ""), ("DATABASE_URI", "postgresql://db/ltp"), ("REDIS_URL", "redis://limits")):
        if name:
            monkeypatch.setenv(name, value)
        if name != "REDIS_URL":
            with pytest.raises(ConfigurationError, match="WEB_WORKERS: several processes need PostgreSQL"):
                load_settings(_env_file=None)

    assert load_settings(_env_file=None).web_workers == 2


def test_pgqueuer_needs_the_database_of_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_ENGINE", "pgqueuer")
    with pytest.raises(ConfigurationError, match="BATCH_ENGINE: pgqueuer needs PostgreSQL"):
        load_settings(_env_file=None)
    monkeypatch.setenv("DATABASE_URI", "postgresql://db/ltp")

    assert load_settings(_env_file=None).batch_engine == "pgqueuer"


@pytest.mark.parametrize("address", ["mysql://db/ltp", "postgresql://", "batches.db"])
def test_databases_that_cannot_be_used_are_refused_with_those_that_can(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URI", address)

    with pytest.raises(ConfigurationError, match="DATABASE_URI: want sqlite"):
        load_settings(_env_file=None)


@pytest.mark.parametrize(
    "address",
    ["redis://redis:6379/0", "rediss://cache.example:6380/1", "unix:///run/redis.sock", "redis://[::1]:6379"],
)
def test_address_of_a_redis_is_taken_and_never_shown(address: str) -> None:
    settings = Settings(_env_file=None, redis_url=address)

    assert settings.secret("REDIS_URL") == address
    assert address not in repr(settings)


@pytest.mark.parametrize("address", ["localhost:6379", "http://redis", "redis://", "redis://host:99999", "unix://"])
def test_address_that_is_no_redis_is_refused_without_being_shown(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"REDIS_URL: want redis://") as error:
        load_settings(_env_file=None, redis_url=address)

    assert f"got '{address}'" not in str(error.value)
