"""Takes secrets out of text before it is logged, stored or sent.

Two ways: by shape (the prefixes of the vendors' keys, bearer headers, `api_key=…`), and by
value: every key that this process was given is remembered, for vendors whose keys have no
shape of their own.
"""

import re
import threading

MASK = "[redacted]"
# A shorter value would take ordinary words out.
_SHORTEST = 8
_NAME = r"(?:api[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret|token|secret|password|passwd|pwd)"
_SHAPES = re.compile(
    r"\b(?:gsk_|csk-|sk-|xai-|ghp_|github_pat_|pplx-|tgp_)[A-Za-z0-9_-]{8,}"
    # Must hold a capital or a digit: names such as hf_endpoint are no keys.
    r"|\b(?:hf_|sk_|r8_|fw_)(?=[a-z_-]*[A-Z0-9])[A-Za-z0-9_-]{8,}"
    r"|\bltp_[A-Za-z0-9_-]{40,}"  # ours
    r"|\bAIza[A-Za-z0-9_-]{20,}"  # Google
    r"|\bAKIA[A-Z0-9]{12,}"  # Amazon
    r"|\bgAAAAA[A-Za-z0-9_=-]{20,}"  # Fernet tokens: encrypted, and still not to be shown
    r"|\b[0-9a-f]{32}\.[A-Za-z0-9_-]{20,}"  # Ollama
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"  # JSON web tokens
    r"|(?<=://)[^/\s:@]{1,200}(?::[^/\s@]{0,200})?(?=@)"  # user:password@ or token@ of an address
)
_HEADERS = re.compile(
    r"((?:authorization|x-api-key|api-key)[\"']?\s*[:=]\s*[\"']?(?:bearer |basic )?)([^\s\"',;&]{4,})", re.I
)
_BEARER = re.compile(r"\b((?:bearer|basic) )([A-Za-z0-9._~+/=-]{8,})", re.I)
# After a colon only a quoted value: our own messages may begin with "token: …".
_PAIRS = re.compile(rf"(\b\w*{_NAME}[\"']?\s*(?:=\s*[\"']?|:\s*[\"']))([^\s\"'&,;}}]{{4,}})", re.I)


class _Known:
    """Values that are secrets. Thread-safe."""

    def __init__(self) -> None:
        self._values: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()

    def add(self, value: str) -> None:
        with self._lock:
            if len(value) < _SHORTEST or value in self._values:
                return
            self._values |= {value}
            longest_first = sorted(self._values, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(value) for value in longest_first))

    def hide(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(MASK, text)


_known = _Known()


def remember_secret(value: str) -> None:
    """Take *value* out of every text from now on."""
    _known.add(value)


def redact(text: str) -> str:
    """Replace everything in *text* that is or looks like a secret."""
    text = _known.hide(text)
    text = _SHAPES.sub(MASK, text)
    for pattern in (_HEADERS, _BEARER, _PAIRS):
        text = pattern.sub(lambda found: found[1] + MASK if found[2] != MASK else found[0], text)
    return text


def secrets_in(text: str) -> list[str]:
    """Return what has the shape of a vendor's key."""
    return _SHAPES.findall(text)


def redacted(value: object) -> object:
    """Return *value* with every text in it redacted, in lists and mappings too; keys keep their names."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {name: redacted(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item) for item in value]
    return value
