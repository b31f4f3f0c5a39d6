"""What goes wrong between a client and the service.

LtpError
├── UnreachableError    nobody answers, or the connection broke and no further try was allowed
├── RefusedError        the service answered with a failure; `code` says which
├── RunFailedError      a run or a batch ended otherwise than asked
└── TooLateError        what was waited for did not happen in time; it goes on in the service
"""

from collections.abc import Mapping


class LtpError(Exception):
    """Any failure of a client; its text is a sentence for people."""


class UnreachableError(LtpError):
    """Nobody answers, or the connection broke: whether the service did what was asked is not known."""


class RefusedError(LtpError):
    """The service answered with a failure.

    Attributes:
        status: The status of HTTP.
        code: What happened, for programs; the table is in docs/api.md.
        category: What is wrong with the call of a model; None for failures of other kinds.
        is_retryable: Whether the same call may work later.
        request_id: Finds the request in the service's log.
        retry_after_s: Seconds to wait, where the service said so.
        body: The whole answer; an import names the faulty lines in it.
    """

    def __init__(self, status: int, body: Mapping[str, object], retry_after_s: float | None = None) -> None:
        super().__init__(str(body.get("error") or f"the service answered {status}"))
        category = body.get("category")
        self.status = status
        self.code = str(body.get("code") or f"http_{status}")
        self.category = None if category is None else str(category)
        self.is_retryable = body.get("retryable") is True
        self.request_id = str(body.get("request_id") or "")
        self.retry_after_s = retry_after_s
        self.body = body


class RunFailedError(LtpError):
    """A run ended with an error or was cancelled, or a batch failed.

    Attributes:
        body: The run, or the batch, as it ended.
    """

    def __init__(self, message: str, body: Mapping[str, object]) -> None:
        super().__init__(message)
        self.body = body


class TooLateError(LtpError, TimeoutError):
    """What was waited for did not happen in time; it goes on in the service."""
