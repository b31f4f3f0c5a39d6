"""Every failure that we foresee, as one tree.

    AppError
    ├── ConfigurationError        the installation is set up wrong; nothing was started
    ├── InputError                the caller sent something unusable
    │   ├── NotFoundError         it names something that does not exist
    │   ├── ConflictError         it collides with what is there
    │   ├── DuplicateDocumentError   the same bytes were uploaded before; carries the first id
    │   ├── ExistsError           a new thing has the name of one that is there
    │   ├── ImportRefusedError    a file holds lines that cannot be taken; carries them
    │   ├── DocumentError         a document cannot be read, or costs more than one may
    │   └── PublishError          a hub refused; carries its reason
    ├── StorageError              the data folder cannot be read or written
    │   ├── DataFolderBusyError   another process owns it
    │   ├── DataFolderGoneError   it was unmounted, renamed or removed while the service ran
    │   ├── DataMismatchError     train.parquet and the database do not belong together
    │   └── DiskFullError         no space is left
    ├── UnavailableError          not now: starting, stopping, or full
    │   ├── NotReadyError         a part of the service does not work; carries all parts
    │   └── SideError             a process beside the service ended before its task
    └── GenerationError           a sample could not be made; carries a category
        ├── ModelUnavailableError     model_unavailable
        ├── RateLimitError            rate_limit
        ├── AuthenticationError       authentication
        ├── ProviderTimeoutError      timeout
        ├── ProviderConnectionError   connection_error
        ├── ProviderServerError       server_error
        ├── BadRequestError           bad_request
        ├── UnclassifiedError         general
        ├── RefusedError              refused: the model or its vendor declined
        ├── AnswerFormatError         json_error: the answer could not be read
        ├── QualityError              quality_error: it was read and is not good enough
        │   └── NoGroundError     nothing in the documents answers the topic
        ├── TimeLimitError            it took longer than one answer may
        ├── NoTargetError             no provider is open for the request
        ├── TargetsChangedError       providers were changed while it waited; it is asked again
        ├── BudgetSpentError          what may be spent is spent
        └── CancelledError            stopped from outside

`code` is stable and meant for programs; `retryable` says whether the same call
may work later. Messages say what, got, wanted and the next step, never a secret.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, Literal, TypedDict

from utils.redaction import redact


class Scope(StrEnum):
    """How far a provider failure reaches."""

    REQUEST = "request"
    MODEL = "model"
    KEY = "key"
    PROVIDER = "provider"


# Who has to wait longer for a limit waits for a quota, not for a minute's.
QUOTA_S = 75.0


class ErrorFacts(TypedDict):
    """What programs get of every error, in answers, streams and events; the category is that of a model's call."""

    code: str
    retryable: bool
    category: str | None


class AppError(Exception):
    """Base of every foreseen failure."""

    code: ClassVar[str] = "app_error"
    retryable: ClassVar[bool] = False
    category: ClassVar[str | None] = None

    def __init__(self, message: str = "") -> None:
        # Vendors echo keys, and a message goes everywhere: into logs, events, answers, the database.
        super().__init__(redact(message))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle it with all that it carries, whatever its constructor asks for."""
        return _remade, (type(self), self.args, self.__dict__)

    @property
    def facts(self) -> ErrorFacts:
        """The fields for programs."""
        return {"code": self.code, "retryable": self.retryable, "category": self.category}

    @property
    def details(self) -> Mapping[str, object]:
        """Further fields of the answer."""
        return {}


def _remade(kind: type[AppError], args: tuple[object, ...], carried: Mapping[str, object]) -> AppError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(carried)
    return error


class ConfigurationError(AppError):
    """The installation is set up wrong."""

    code = "configuration_error"


class InputError(AppError):
    """The caller sent something unusable."""

    code = "input_error"


class NotFoundError(InputError):
    """The caller named something that does not exist."""

    code = "not_found"


class ConflictError(InputError):
    """The request collides with what is there."""

    code = "conflict"


class DuplicateDocumentError(ConflictError):
    """The same bytes were uploaded before.

    Attributes:
        file_id: Id of the document that has them.
    """

    code = "duplicate_document"

    def __init__(self, message: str, file_id: str = "") -> None:
        super().__init__(message)
        self.file_id = file_id

    @property
    def details(self) -> Mapping[str, object]:
        """The document that has them."""
        return {"file_id": self.file_id}


class ExistsError(InputError):
    """A new thing has the name of one that is there."""

    code = "exists"


class ImportRefusedError(InputError):
    """A file holds lines that cannot be taken.

    Attributes:
        problems: `{place, error}` of the first hundred.
        count: Number of all problems.
    """

    code = "import_refused"

    def __init__(self, message: str, problems: list[dict[str, str]], count: int) -> None:
        super().__init__(message)
        self.problems = problems
        self.count = count

    @property
    def details(self) -> Mapping[str, object]:
        """The problems."""
        return {"problems": self.problems, "problem_count": self.count}


class DocumentError(InputError):
    """A document cannot be read, or costs more than one may."""

    code = "document_refused"


class PublishError(InputError):
    """A hub refused what we sent."""

    code = "publish_refused"


class StorageError(AppError):
    """The data folder cannot be read or written."""

    code = "storage_error"
    retryable = True


class LeaseLostError(AppError):
    """Another process has in hand what this one was at; nothing of what it said was kept."""

    code = "lease_lost"


class DataFolderBusyError(StorageError):
    """Another process owns the data folder."""

    code = "data_folder_busy"


class DataFolderGoneError(StorageError):
    """The data folder is no longer where the service was started with it."""

    code = "data_folder_gone"


class DataMismatchError(StorageError):
    """train.parquet and the database do not belong together: one of them is missing, or older than the other."""

    code = "data_mismatch"
    retryable = False


class DiskFullError(StorageError):
    """No space is left for the data folder."""

    code = "disk_full"


class UnavailableError(AppError):
    """The service cannot do this now.

    Attributes:
        retry_after_s: When to ask again, in seconds.
    """

    code = "unavailable"
    retryable = True

    def __init__(self, message: str, retry_after_s: float = 5.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class SideError(UnavailableError):
    """A process beside the service ended before its task; nothing was lost."""


class NotReadyError(UnavailableError):
    """A part of the service does not work.

    Attributes:
        parts: Every part, `{ok, detail}` by name.
    """

    code = "not_ready"

    def __init__(self, message: str, parts: Mapping[str, object]) -> None:
        super().__init__(message)
        self.parts = parts

    @property
    def details(self) -> Mapping[str, object]:
        """The parts."""
        return {"status": "not ready", "parts": self.parts}


class GenerationError(AppError):
    """A sample could not be made.

    Attributes:
        category: One of the categories of `utils.error_handler`.
        provider: Provider id, or "".
        model: Model id, or "".
        scope: How far the failure reaches; breakers ignore `Scope.REQUEST`.
        retry_after_s: What the vendor asked us to wait, in seconds, or None.
        status: HTTP status, or None without an answer.
        headers: Headers of the answer, lower case; they may state limits.
    """

    code = "generation_error"
    category: ClassVar[str] = "general"
    default_scope: ClassVar[Scope] = Scope.REQUEST

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        model: str = "",
        scope: Scope | None = None,
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.model = model
        self.scope = scope or self.default_scope
        self.retry_after_s = retry_after_s
        self.status = status
        self.headers: Mapping[str, str] = {}

    def labelled(self) -> str:
        """Return "[category] message", the form clients show."""
        return f"[{self.category}] {self}"


class ModelUnavailableError(GenerationError):
    """This model cannot be used; others of the same provider may."""

    code = category = "model_unavailable"
    default_scope = Scope.MODEL


class RateLimitError(GenerationError):
    """The vendor's window or quota is used up.

    Attributes:
        quota: True when it is a quota of a day or longer, which no short wait restores.
        limit: The tokens a minute that the vendor states as its limit, or None.
        calls_limit: The same for requests a minute.
        unit: Of what the limit is, as far as the vendor says.
        is_overload: True when the vendor is busy, or too many calls are under way, rather than too many made.
    """

    code = category = "rate_limit"
    retryable = True
    default_scope = Scope.MODEL
    quota: bool = False
    limit: int | None = None
    calls_limit: int | None = None
    unit: Literal["requests", "tokens"] | None = None
    is_overload: bool = False

    @property
    def is_of_a_window(self) -> bool:
        """Whether a window or bucket was spent that fills again within about a minute."""
        passing = self.retry_after_s is None or self.retry_after_s <= QUOTA_S
        return self.status in (None, 429) and not self.quota and not self.is_overload and passing


class AuthenticationError(GenerationError):
    """The key or account is refused."""

    code = category = "authentication"
    default_scope = Scope.KEY


class ProviderTimeoutError(GenerationError):
    """No complete answer came before the deadline."""

    code = category = "timeout"
    retryable = True
    default_scope = Scope.MODEL


class ProviderConnectionError(GenerationError):
    """The vendor cannot be reached."""

    code = category = "connection_error"
    retryable = True
    default_scope = Scope.PROVIDER


class ProviderServerError(GenerationError):
    """The vendor failed."""

    code = category = "server_error"
    retryable = True
    default_scope = Scope.MODEL


class BadRequestError(GenerationError):
    """The vendor does not accept this request.

    Attributes:
        parameters: Parameters of the request that it does not take.
        most_tokens: The longest answer that it allows, in tokens, or None.
        generation: The model's answer that the vendor's own check refused; None when that is not why.
        adapted: True when the next request to this model will be without what was refused.
    """

    code = category = "bad_request"
    parameters: tuple[str, ...] = ()
    most_tokens: int | None = None
    generation: str | None = None
    adapted: bool = False


class RefusedError(GenerationError):
    """The model declined, or a filter of its vendor stopped it: asking the same again gives the same."""

    code = category = "refused"

    @classmethod
    def in_words(cls, words: str, provider: str = "", model: str = "") -> "RefusedError":
        """Return the refusal with the model's *words*."""
        return cls(f"the model refused: {' '.join(words.split())[:300]}", provider=provider, model=model)


class UnclassifiedError(GenerationError):
    """A failure that no rule knows yet."""

    code = category = "general"


class AnswerFormatError(GenerationError):
    """The model answered, but no sample could be read out of it."""

    code = category = "json_error"
    retryable = True


class QualityError(GenerationError):
    """The sample was read and fails a quality check.

    Attributes:
        field: What the next try should repair, keeping the rest: "citation", or "" for everything.
    """

    code = category = "quality_error"
    retryable = True

    def __init__(self, message: str, *, field: str = "", provider: str = "", model: str = "") -> None:
        super().__init__(message, provider=provider, model=model)
        self.field = field


class NoGroundError(QualityError):
    """Nothing in the documents answers the topic: nobody was asked."""

    code = "no_ground"
    retryable = False


class NoTargetError(GenerationError):
    """No provider and model is open for the request.

    Attributes:
        retry_in_s: Seconds until the first target reopens; None when none will by itself.
    """

    code = "no_target"
    category = "model_unavailable"

    def __init__(self, message: str, retry_in_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_in_s = retry_in_s


class TimeLimitError(GenerationError):
    """It took longer than one answer may."""

    code = "time_limit"
    category = "timeout"
    retryable = True


class TargetsChangedError(GenerationError):
    """The targets that a call waits for were changed; it must choose again."""

    code = "targets_changed"
    category = "general"
    retryable = True


class BudgetSpentError(GenerationError):
    """Another call could exceed what may be spent."""

    code = category = "budget_spent"


class BudgetHeldError(AppError):
    """What is left of a budget is set aside for calls of other processes; some of it may come back."""

    code = "budget_held"
    retryable = True


class CancelledError(GenerationError):
    """The work was stopped from outside; nothing is wrong with it.

    Attributes:
        in_flight: True when a request was under way, so that its answer may have been billed.
    """

    code = "cancelled"
    category = "general"
    retryable = True

    def __init__(self, message: str, in_flight: bool = False) -> None:
        super().__init__(message)
        self.in_flight = in_flight
