"""Settings: the only module that reads the environment and `.env`.

Every field is one environment variable of the same name in upper case. Problems
are collected and reported all at once, in words, before anything starts.
"""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from utils.errors import ConfigurationError
from utils.secret_box import SecretBox

PROJECT_DIR = Path(__file__).resolve().parent


def _clean_key(value: object) -> object:
    """Strip a key and refuse what could never be sent in a header."""
    if not isinstance(value, str):
        return value
    value = value.strip()
    if any(not 32 < ord(char) < 127 for char in value):
        raise ValueError("holds a space, line break or non-ASCII character; copy the key again")
    return value or None


def _clean_url(value: str | None) -> str | None:
    if not value:
        return None
    value = value.strip().rstrip("/")
    if "://" not in value:
        value = f"http://{value}"
    if not value.startswith(("http://", "https://")):
        raise ValueError(f"got {value!r}, want an address that begins with http:// or https://")
    return value


def _check_patterns(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"{value!r} is no regular expression ({error}); any origin is .*") from None
    return values


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _check_fernet(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for value in values:
        try:
            SecretBox([value.get_secret_value()])
        except ValueError:
            raise ValueError(
                "is no key of 32 bytes in URL-safe base64; make one with `python3 cli.py keys new`"
            ) from None
    return values


Keys = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split), AfterValidator(_check_fernet)]
Key = Annotated[SecretStr | None, BeforeValidator(_clean_key)]
Url = Annotated[str | None, AfterValidator(_clean_url)]
Port = Annotated[int, Field(ge=1, le=65535)]
Names = Annotated[tuple[Literal["courtlistener", "find-case-law", "eur-lex"], ...], NoDecode, BeforeValidator(_split)]
Patterns = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_check_patterns)]


class Settings(BaseSettings):
    """Everything a user can set; frozen once read."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    host: str = Field("127.0.0.1", description="Address the server listens on")
    port: Port = Field(5001, description="Port the server listens on")
    threads: int = Field(256, ge=8, le=4096, description="Request threads of the server; progress streams use one each")
    data_dir: Path = Field(PROJECT_DIR, description="Folder of train.parquet and batches.db")
    database_uri: str = Field("", description="SQLAlchemy address of the database (default: batches.db in DATA_DIR)")
    catalog_dir: Path = Field(PROJECT_DIR / "catalog", description="Folder of topics, sample types, prompts and models")
    model_dir: Path = Field(
        Path("~/.cache/legal-training-platform"), description="Cache folder of the embedded model's weights"
    )
    local_model: str = Field(
        "",
        description="Other weights: a .gguf path, hf:<repo>/<file>, or smollm2-135m-instruct (small, for tests)",
    )
    local_idle_s: float = Field(
        600, gt=0, description="Seconds without a call after which the embedded model is unloaded"
    )

    groq_api_key: Key = Field(None, description="Key of Groq")
    groq_base_url: Url = Field(None, description="Other address for Groq, without /openai/v1")
    cerebras_api_key: Key = Field(None, description="Key of Cerebras")
    cerebras_base_url: Url = Field(None, description="Other address for Cerebras, without /v1")
    ollama_api_key: Key = Field(None, description="Key of Ollama Cloud; sent to ollama.com only")
    ollama_host: Url = Field(None, description="Address of your own Ollama server, for example http://127.0.0.1:11434")
    openai_api_key: Key = Field(None, description="Key of the OpenAI-compatible server")
    openai_base_url: Url = Field(None, description="Address of the OpenAI-compatible server, with /v1")
    google_api_key: Key = Field(None, description="Key of Google Gemini")
    mistral_api_key: Key = Field(None, description="Key of Mistral")
    encryption_key: Keys = Field(
        (), description="Key that stored provider keys are encrypted with (cli.py keys new); a second one decrypts only"
    )
    allow_private_base_urls: bool = Field(
        False, description="Let providers be added over the API at addresses of private networks"
    )
    huggingface_token: Key = Field(
        None, description="Token of the Hugging Face Hub, to push data sets and fetch private weights"
    )

    hf_endpoint: Url = Field(None, description="Other address of the Hugging Face Hub, for a mirror")
    backup_keep: int = Field(5, ge=1, le=1000, description="Backups kept; older ones are removed")
    backup_every_h: float = Field(24, ge=0, description="Hours after which a backup is made by itself; 0 = never")
    max_import_mb: int = Field(8192, ge=1, description="Largest file that can be imported, in megabytes")
    search_scan_rows: int = Field(
        20_000, ge=0, description="Samples up to which a search looks at all of them; above, an index is built"
    )

    default_provider: str = Field("", description="Provider used when a request names none (default: the first usable)")
    max_concurrent_batches: int = Field(4, ge=1, le=64, description="Batches that may run at the same time")
    max_workers: int = Field(
        64, ge=1, le=256, description="Most samples a batch has in flight; it uses what limits allow"
    )
    max_tries: int = Field(3, ge=1, le=10, description="Tries for one sample")
    request_timeout_s: float = Field(90, gt=0, description="Deadline of one model call, in seconds, in all")
    batch_time_limit_s: float = Field(7200, ge=0, description="Time limit of a batch in seconds; 0 = none")
    max_cost_usd_per_day: float | None = Field(None, gt=0, description="What all calls of a day (UTC) may cost, in USD")
    max_tokens_per_day: int | None = Field(None, gt=0, description="Tokens that all calls of a day (UTC) may use")
    retry_after_cap_s: float = Field(20, ge=0, description="Longest Retry-After waited for when nothing else is open")
    words_tolerance: float = Field(
        0.8, gt=0, le=1, description="Share of the minimum words from which an answer passes"
    )
    citation_policy: Literal["verified_only", "no_invalid", "off"] = Field(
        "no_invalid",
        description="What refuses a sample: verified_only = a citation not verified, no_invalid = an invalid one, off",
    )
    citation_lookup: Names = Field(
        (),
        description="Online services asked for unknown citations: courtlistener, find-case-law, eur-lex",
    )
    courtlistener_token: Key = Field(None, description="Token of CourtListener, for its citation lookup")
    duplicate_report: float = Field(0.3, ge=0, le=1, description="Similarity from which samples are told as alike")
    duplicate_refuse: float = Field(
        0.6, ge=0, le=1, description="Similarity from which a generated sample is refused; 0 = never"
    )
    resume_batches: bool = Field(True, description="Go on with interrupted batches at start")
    cors_origins: Patterns = Field(
        (r"http://localhost(:\d+)?", r"http://127\.0\.0\.1(:\d+)?"),
        description="Allowed browser origins, comma-separated; regular expressions",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged")

    @property
    def database_url(self) -> str:
        """The database's SQLAlchemy address."""
        return self.database_uri or f"sqlite:///{self.data_dir.expanduser().resolve() / 'batches.db'}"

    @property
    def database_file(self) -> Path | None:
        """The database's file; None when it is a server's."""
        kind, _, path = self.database_url.partition(":///")
        return Path(path) if kind == "sqlite" and path else None

    @property
    def encryption_keys(self) -> list[str]:
        """The keys that stored secrets are encrypted with, the current one first."""
        return [key.get_secret_value() for key in self.encryption_key]

    def secret(self, name: str) -> str | None:
        """Return the secret behind the environment variable *name*, or None when unset."""
        value = getattr(self, name.lower(), None)
        return value.get_secret_value() if isinstance(value, SecretStr) else None

    def url(self, name: str) -> str | None:
        """Return the address behind the environment variable *name*, or None when unset."""
        value = getattr(self, name.lower(), None)
        return value if isinstance(value, str) and value else None


def load_settings(**overrides: object) -> Settings:
    """Read the settings; *overrides* win over environment and `.env`.

    Raises:
        ConfigurationError: one sentence a problem, all of them.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic validates what it is given
    except ValidationError as error:
        lines = [_problem(str(item["loc"][0]), item["msg"], item.get("input")) for item in error.errors()]
        raise ConfigurationError("settings: " + "; ".join(lines) + " (see the settings table in README.md)") from None


def _problem(name: str, message: str, got: object) -> str:
    shown = "" if name.endswith(("_key", "_token")) else f" (got {got!r})"
    return f"{name.upper()}: {message.removeprefix('Value error, ')}{shown}"
