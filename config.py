"""Settings: the only module that reads the environment and `.env`.

Every field is one environment variable of the same name in upper case. Problems
are collected and reported all at once, in words, before anything starts.
"""

import os
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import parse_qs, unquote, urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from services.quality.duplicates import ALIKE, DUPLICATE
from utils.access_tokens import AccessToken, parse_token
from utils.errors import ConfigurationError
from utils.file_systems import check_address, is_remote
from utils.installation import COMMAND, IS_PACKAGE
from utils.logs import LogSettings
from utils.redaction import remember_secret
from utils.secret_box import SecretBox, clean_key

# What no key or password is as short as.
_SHORT = re.compile(r"[A-Za-z0-9_.+-]{1,12}")
PROJECT_DIR = Path(__file__).resolve().parent
# In a package the code's folder is the installer's: data lie in a folder of where the command is run.
_DATA = Path("legal-training-data") if IS_PACKAGE else PROJECT_DIR


def _clean_key(value: object) -> object:
    """Return the key as it is sent; None for an empty one."""
    return clean_key(value) or None if isinstance(value, str) else value


def _clean_url(value: str | None) -> str | None:
    if not value:
        return None
    value = value.strip().rstrip("/")
    if "://" not in value:
        value = f"http://{value}"
    if not value.startswith(("http://", "https://")):
        raise ValueError("want an address that begins with http:// or https://")
    return value


def _check_redis(value: SecretStr | None) -> SecretStr | None:
    """Refuse what is no address of a Redis; it may hold a password, and is not shown."""
    if value is None:
        return None
    try:
        parts = urlsplit(value.get_secret_value())
        is_whole = bool(parts.path if parts.scheme == "unix" else parts.hostname) and parts.port != 0
    except ValueError:  # the port
        is_whole = False
    if not is_whole or parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError("want redis://host[:port][/number], rediss:// for TLS, or unix:///path of a socket")
    return value


def _check_patterns(values: tuple[str, ...]) -> tuple[str, ...]:
    for number, value in enumerate(values, 1):
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"number {number} is no regular expression ({error.msg}); any origin is .*") from None
    return values


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _parse_tokens(value: object) -> object:
    """Read API_TOKENS; the tokens themselves are forgotten."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return tuple(parse_token(part) for part in _split(value)) if isinstance(value, str) else value  # type: ignore[attr-defined]  # a list of texts


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_fernet(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for value in values:
        try:
            SecretBox([value.get_secret_value()])
        except ValueError:
            raise ValueError(f"is no key of 32 bytes in URL-safe base64; make one with `{COMMAND} keys new`") from None
    return values


def _clean_data_url(address: str) -> str:
    """Refuse an address that cannot be understood; a folder becomes an absolute path."""
    address = address.strip()
    try:
        check_address(address)
    except ConfigurationError as error:
        raise ValueError(str(error).removeprefix("address: ")) from None
    if not address or is_remote(address):
        return address
    folder = Path(address).expanduser().resolve()
    if folder.exists() and not folder.is_dir():
        raise ValueError("is a file, want a folder, or s3://bucket/prefix")
    return str(folder)


def _clean_database(value: str) -> str:
    """Name the driver that we use; other databases are refused."""
    kind, separator, place = value.strip().partition("://")
    if kind in ("postgres", "postgresql", "postgresql+psycopg") and place:
        parts = urlsplit(f"postgresql://{place}")
        for secret in (parts.password, *parse_qs(parts.query).get("password", ())):
            remember_secret(unquote(secret or ""))
        return f"postgresql+psycopg://{place}"
    if value and (kind != "sqlite" or not separator):
        raise ValueError("want sqlite:///<file> or postgresql://<host>/<database>, with its user and password")
    return value.strip()


def _check_model_name(text: str) -> str:
    """Refuse a model without its provider: the first part of a model's id would be taken for one."""
    provider, _, model = text.partition("/")
    if text and not (provider.strip() and model.strip()):
        raise ValueError("want provider/model, such as groq/openai/gpt-oss-20b")
    return text


Database = Annotated[str, AfterValidator(_clean_database)]
DataUrl = Annotated[str, AfterValidator(_clean_data_url)]
Keys = Annotated[tuple[SecretStr, ...], BeforeValidator(_split), AfterValidator(_check_fernet)]
Key = Annotated[SecretStr | None, BeforeValidator(_clean_key)]
Url = Annotated[str | None, AfterValidator(_clean_url)]
RedisUrl = Annotated[SecretStr | None, BeforeValidator(_clean_key), AfterValidator(_check_redis)]
Port = Annotated[int, Field(ge=1, le=65535)]
Words = Annotated[tuple[str, ...], BeforeValidator(_split)]
Tokens = Annotated[tuple[AccessToken, ...], BeforeValidator(_parse_tokens)]
ModelName = Annotated[str, AfterValidator(_check_model_name)]
Names = Annotated[tuple[Literal["courtlistener", "find-case-law", "eur-lex"], ...], BeforeValidator(_split)]
Patterns = Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_check_patterns)]


class Settings(BaseModel):
    """Everything a user can set; frozen once read."""

    model_config = ConfigDict(extra="ignore", frozen=True, validate_default=True)

    host: str = Field(
        "127.0.0.1",
        description="Address the server listens on; another than loopback needs API_TOKENS or ALLOW_UNAUTHENTICATED",
    )
    port: Port = Field(5001, description="Port the server listens on")
    threads: int = Field(320, ge=8, le=4096, description="Request threads of the server; progress streams use one each")
    web_workers: int = Field(
        1, ge=1, le=64, description="Processes of the server; more than one needs a DATABASE_URI of PostgreSQL"
    )
    max_connections: int = Field(
        4096, ge=16, le=65_536, description="Connections open at once; when more come, the one that waits longest goes"
    )
    max_connections_per_address: int = Field(
        2048, ge=1, description="Connections of one address (behind a proxy everybody has the proxy's)"
    )
    api_tokens: Tokens = Field(
        (), description="Who may call: role:token or role:sha256:<hash>, comma-separated; roles read, write, admin"
    )
    api_token: Key = Field(None, description="Token that the commands of cli.py send to a running service")
    allow_unauthenticated: bool = Field(
        False, description="Listen on other addresses than loopback without API_TOKENS: everybody may do everything"
    )
    allowed_hosts: Words = Field(
        (), description="Further host names that requests may name, comma-separated; * = any (addresses always may)"
    )
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="Reverse proxies in front whose X-Forwarded-For and -Proto are believed"
    )
    rate_limit: str = Field(
        "1200 per minute",
        description="Requests of one client (token or address), or off; loopback without a token has no limit",
    )
    max_body_mb: int = Field(64, ge=1, le=1024, description="Largest JSON body, in megabytes")
    read_timeout_s: float = Field(
        30, gt=0, description="Seconds that a client may let the server wait for the next part of its request"
    )
    answer_timeout_s: float = Field(
        600, gt=0, description="Longest time of one generated sample or chat answer, failover included, in seconds"
    )
    dashboard_dir: Path | None = Field(None, description="Folder of a built single-page dashboard, served at /")
    data_dir: Path = Field(
        _DATA,
        description="Folder of train.parquet and batches.db; with PostgreSQL and DATA_URL each machine has one of its "
        "own",
    )
    database_uri: Database = Field(
        "",
        description="Address of the database: postgresql://host/name, with requirements-scale.txt "
        "(default: sqlite:///batches.db in DATA_DIR)",
    )
    data_url: DataUrl = Field(
        "",
        description="Folder or s3://bucket/prefix of samples in shards (?endpoint=…&region=… where it is not Amazon's, "
        "keys by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY); empty: one train.parquet in DATA_DIR",
    )
    redis_url: RedisUrl = Field(
        None,
        description="Address of a Redis where several processes keep limits and the day's budget together, redis://…",
    )
    batch_engine: Literal["table", "pgqueuer"] = Field(
        "table",
        description="What carries the items of batches: table = our own, pgqueuer = PgQueuer on PostgreSQL, with "
        "requirements-pgqueuer.txt",
    )
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
    anthropic_api_key: Key = Field(None, description="Key of Anthropic")
    anthropic_base_url: Url = Field(None, description="Other address for Anthropic, without /v1")
    google_api_key: Key = Field(None, description="Key of Google Gemini")
    google_base_url: Url = Field(None, description="Other address for Google Gemini, without /v1beta")
    openrouter_api_key: Key = Field(None, description="Key of OpenRouter")
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
    enable_websocket: bool = Field(False, description="Take queries over a WebSocket too, at /ws/query")
    run_keep_days: float = Field(
        30, ge=0, description="Days for which the events of a stream can be read again; 0 = for ever"
    )
    backup_every_h: float = Field(24, ge=0, description="Hours after which a backup is made by itself; 0 = never")
    max_document_mb: int = Field(
        100,
        ge=1,
        le=4096,
        description="Largest document that can be uploaded, in megabytes; its text has at most 60 million characters",
    )
    embedder: Literal["auto", "small", "off"] = Field(
        "auto",
        description="What finds by meaning: auto = the embedders that `cli.py embedder fetch` brought, small, off",
    )
    embedding_base_url: Url = Field(
        None, description="Address of an OpenAI-compatible server that embeds instead, with /v1"
    )
    embedding_api_key: Key = Field(None, description="Key of that server")
    embedding_model: str = Field("text-embedding-3-small", description="Its model")
    rerank_base_url: Url = Field(None, description="Address of a server with POST /rerank (Cohere, Jina, TEI, vLLM)")
    rerank_api_key: Key = Field(None, description="Key of that server")
    rerank_model: str = Field("", description="Its model")
    speech_model_dir: Path | None = Field(
        None, description="Folder of a faster-whisper model, for recordings as documents; see requirements-audio.txt"
    )
    assistant_context_tokens: int = Field(
        2000, ge=0, le=100_000, description="Most tokens of memories, earlier turns and summary beside a query"
    )
    assistant_summary_model: ModelName = Field(
        "", description="Who summarises sessions, as provider/model; without it rules do, which cost nothing"
    )
    max_import_mb: int = Field(8192, ge=1, description="Largest file that can be imported, in megabytes")
    search_scan_rows: int = Field(
        20_000, ge=0, description="Samples up to which a search looks at all of them; above, an index is built"
    )

    default_jurisdiction: str = Field(
        "", description="Jurisdiction of batches and lists that name none (default: the first of the catalogue, uk)"
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
    duplicate_report: float = Field(ALIKE, ge=0, le=1, description="Similarity from which samples are told as alike")
    duplicate_refuse: float = Field(
        DUPLICATE, ge=0, le=1, description="Similarity from which a generated sample is refused; 0 = never"
    )
    resume_batches: bool = Field(True, description="Go on with interrupted batches at start")
    cors_origins: Patterns = Field(
        (r"http://localhost(:\d+)?", r"http://127\.0\.0\.1(:\d+)?"),
        description="Allowed browser origins, comma-separated; regular expressions",
    )
    alert_model_switches: int = Field(10, ge=0, description="Changes of model above which a batch alerts; 0 = never")
    alert_timeouts: int = Field(20, ge=0, description="Timeouts above which a batch alerts; 0 = never")
    alert_rejection_rate: float = Field(
        0.5, ge=0, le=1, description="Share of refused drafts above which a batch alerts; 0 = never"
    )
    min_free_mb: int = Field(200, ge=0, description="Free megabytes of disk below which the service is not ready")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged")
    log_format: Literal["console", "json"] = Field("console", description="Form of a log line: console or json")
    log_file: Path | None = Field(None, description="File to log to instead of standard error")
    log_max_mb: int = Field(20, ge=1, description="Megabytes at which the log file is turned over")
    log_keep: int = Field(5, ge=0, le=1000, description="Old log files kept")
    otel_exporter_otlp_endpoint: Url = Field(
        None, description="OpenTelemetry collector (OTLP over HTTP) that traces go to; see requirements-tracing.txt"
    )

    def __init__(self, _env_file: str | None = ".env", **given: object) -> None:
        """Read the environment, and beneath it the file *_env_file*; what is *given* wins over both."""
        super().__init__(**{**_told(_env_file), **given})

    @model_validator(mode="after")
    def _several_processes_have_a_database_for_several(self) -> "Settings":
        if self.web_workers > 1 and (self.database_file is not None or self.redis_url is None):
            raise ValueError(
                "WEB_WORKERS: several processes need PostgreSQL for what they do and Redis for the limits that they "
                "share; set DATABASE_URI and REDIS_URL, or WEB_WORKERS=1"
            )
        return self

    @model_validator(mode="after")
    def _pgqueuer_has_its_database(self) -> "Settings":
        if self.batch_engine == "pgqueuer" and self.database_url.startswith("sqlite"):
            raise ValueError("BATCH_ENGINE: pgqueuer needs PostgreSQL; set DATABASE_URI, or BATCH_ENGINE=table")
        return self

    @model_validator(mode="after")
    def _others_are_let_in_on_purpose(self) -> "Settings":
        if not (_is_loopback(self.host) or self.api_tokens or self.allow_unauthenticated):
            host = self.host if _is_address(self.host) else "it"
            raise ValueError(
                f"HOST: {host} can be reached from other machines; set API_TOKENS (`{COMMAND} tokens new` makes "
                "one), or ALLOW_UNAUTHENTICATED=true if everybody may do everything"
            )
        return self

    @property
    def logging(self) -> LogSettings:
        """How to log."""
        return LogSettings(self.log_level, self.log_format, self.log_file, self.log_max_mb, self.log_keep)

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
        if not isinstance(value, SecretStr):
            return None
        remember_secret(value.get_secret_value())
        return value.get_secret_value()

    def url(self, name: str) -> str | None:
        """Return the address behind the environment variable *name*, or None when unset."""
        value = getattr(self, name.lower(), None)
        return value if isinstance(value, str) and value else None


def _told(env_file: str | None) -> dict[str, str]:
    """Return the settings in environment and file, in any case of letters; an empty one counts as not set."""
    of_file = dotenv_values(env_file, encoding="utf-8") if env_file and Path(env_file).is_file() else {}
    found = {name.lower(): value for source in (of_file, os.environ) for name, value in source.items() if value}
    return {name: found[name] for name in Settings.model_fields if name in found}


def load_settings(**overrides: object) -> Settings:
    """Read the settings; *overrides* win over environment and `.env`.

    Raises:
        ConfigurationError: one sentence a problem, all of them.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic validates what it is given
    except ValidationError as error:
        lines = [_problem(item["loc"], item["msg"], item.get("input")) for item in error.errors()]
        raise ConfigurationError("settings: " + "; ".join(lines) + " (see the settings table in README.md)") from None


def _problem(place: tuple[int | str, ...], message: str, got: object) -> str:
    if not place:  # of several settings together; the message names them
        return message.removeprefix("Value error, ")
    name = str(place[0])
    shown = f" (got {got!r})" if _may_be_shown(name, got) else ""
    return f"{name.upper()}: {message.removeprefix('Value error, ')}{shown}"


def _may_be_shown(name: str, got: object) -> bool:
    """Say whether a wrong value may stand in a message: a short one where a number, a flag or a choice is asked.

    Keys, passwords in addresses, and what was pasted into the wrong line never do.
    """
    field = Settings.model_fields.get(name)
    kinds = get_args(field.annotation) or (field.annotation,) if field is not None else ()
    is_plain = bool(kinds) and all(kind in (int, float, bool, type(None)) or isinstance(kind, str) for kind in kinds)
    return is_plain and _SHORT.fullmatch(str(got)) is not None
