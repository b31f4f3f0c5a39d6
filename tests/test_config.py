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


def test_database_address_can_be_set() -> None:
    assert Settings(_env_file=None, database_uri="sqlite:///x.db").database_url == "sqlite:///x.db"
