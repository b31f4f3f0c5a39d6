"""Malformed requests, one a seed: what `bench/api/fuzz.py` sends.

None may change anything: what could is sent for an id that does not exist or with a body that cannot be
taken (`_SPOILT`); a route that is not known here gets broken JSON. So a new route that takes a body wants a
line in `_FIELDS` and one in `_SPOILT`.
"""

import base64
import gzip
import random
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import orjson

from bench.api import oddities as odd
from models.contract.answers.dataset import FILTERS
from models.samples.sample_query import SORTS

_SAMPLE = "POST /api/add"
_CHANGE = "PUT /api/sample/<id>"
_REVIEW = "POST /api/sample/<id>/review"
_BATCH = "POST /api/generate/batch/"
_REQUIRED = "id question answer topic difficulty case_citation reasoning"
_KEPT = (
    "jurisdiction sample_type batch_id provider model created_at updated_at tokens_used prompt_hash thinking"
    " failover_chain citation_verdict citations quality_score quality_issues judge_score judgement review"
    " thinking_source"
)
_KIND = "provider model topic difficulty jurisdiction sample_type reasoning_instruction"
_WANTED = (
    f"target_count count {_KIND} smart_mode allow_failover providers models weights mix judge max_cost_usd"
    " max_tokens_total max_minutes seed"
)
_LIMITS = "base_url api_key requests_per_minute tokens_per_minute default_model_id"
_FIELDS = {
    _SAMPLE: f"{_REQUIRED} {_KEPT}",
    _CHANGE: f"{_REQUIRED} {_KEPT}",
    _REVIEW: "decision reason reviewer changes",
    "POST /api/samples/download": "sample_ids",
    "POST /api/samples/bulk": "filter set delete dry_run expect",
    "POST /api/samples/bulk/undo": "undo",
    "POST /api/citations/check": "text jurisdiction",
    "POST /api/huggingface/push": f"token repo_name format private license splits include seed {' '.join(FILTERS)}",
    "POST /api/generate": f"practice_area {_KIND} save",
    f"{_BATCH}start": _WANTED,
    f"{_BATCH}plan": _WANTED,
    f"{_BATCH}pause": "batch_id",
    f"{_BATCH}resume": "batch_id",
    f"{_BATCH}stop": "batch_id",
    "POST /api/import": "content format on_duplicate dry_run name mapping encoding",
    "POST /api/import/jsonl": "content format on_duplicate dry_run name mapping encoding",
    "POST /api/chat/completions": "provider model messages temperature max_tokens stream",
    "POST /api/chat/test": "provider model prompt system_instruction",
    "POST /api/providers": f"name id {_LIMITS}",
    "PUT /api/providers/<id>": f"name enabled champion_model_id extra_config {_LIMITS}",
    "PUT /api/providers/<id>/config": "api_key config",
    "POST /api/providers/<id>/test": "model",
    "PUT /api/models/<id>": "provider_id display_name enabled max_tokens context_window extra_config",
    "PUT /api/models/<id>/priority": "provider_id fallback_priority priority",
    "POST /api/models/<id>/toggle": "provider_id",
    "POST /api/models/reorder": "provider_id model_order",
}
_GOOD: dict[str, dict[str, object]] = {
    _SAMPLE: {**dict.fromkeys(_REQUIRED.split(), "Fisher v Bell [1961] 1 QB 394"), "difficulty": "basic"},
    _CHANGE: {"answer": "changed"},
    _REVIEW: {"decision": "edit", "reason": "r", "changes": {"answer": "changed"}},
    "POST /api/samples/download": {"sample_ids": ["none-such"]},
    "POST /api/citations/check": {"text": "See Fisher v Bell [1961] 1 QB 394."},
    f"{_BATCH}plan": {"count": 5},
}
_NO_BATCH = (b'"batch_id":[]', b'"batch_id":""', b'"batch_id":{}', b'"batch_id":7')
_NO_FILE = (b'"{\\"id\\":\\"a\\"}"', b'"id,question\\n1,q"', b'"[[[["', b'"PAR1"', b'"\\u0000"', b'" "', b"7", b"[]")
# The last of two members of the same name counts, so that none of these bodies can be taken.
_SPOILT: dict[str, tuple[bytes, ...]] = {
    _SAMPLE: (b'"difficulty":"none"', b'"id":""', b'"id":"a\\u0000"', b'"topic":[]', b'"reasoning":7'),
    _CHANGE: (b'"difficulty":"none"', b'"id":""', b'"citations":"x"', b'"answer":7'),
    _REVIEW: (b'"decision":"none"', b'"reason":""', b'"reason":7', b'"no_such":1'),
    "POST /api/huggingface/push": (b'"private":"perhaps"', b'"seed":-1', b'"repo_name":""', b'"repo_name":[]'),
    "POST /api/generate": (b'"save":"perhaps"', b'"topic":7', b'"practice_area":null', b'"jurisdiction":[]'),
    f"{_BATCH}start": (b'"count":"many"', b'"count":0', b'"seed":-1', b'"mix":{"none":1}', b'"judge":7', b'"models":7'),
    f"{_BATCH}pause": _NO_BATCH,
    f"{_BATCH}resume": _NO_BATCH,
    f"{_BATCH}stop": _NO_BATCH,
    "POST /api/import": tuple(b'"content":' + content for content in _NO_FILE),
    "POST /api/import/jsonl": tuple(b'"content":' + content for content in _NO_FILE),
    "POST /api/dataset/fold": (b'"no_such":1', b'"\\u0000":[]'),
    "POST /api/dataset/backup": (b'"no_such":1', b'"\\u0000":[]'),
    "POST /api/chat/completions": (b'"messages":[]', b'"messages":7', b'"max_tokens":0', b'"temperature":-1'),
    "POST /api/chat/test": (b'"prompt":""', b'"prompt":[]'),
    "POST /api/providers": (b'"name":""', b'"base_url":7', b'"no_such":1'),
    "PUT /api/providers/<id>": (b'"name":""', b'"base_url":7', b'"requests_per_minute":0'),
    "PUT /api/providers/<id>/config": (b'"config":7', b'"api_key":[]'),
    "POST /api/providers/<id>/test": (b'"no_such":1', b'"model":7'),
    "PUT /api/models/<id>": (b'"display_name":""', b'"max_tokens":0'),
    "PUT /api/models/<id>/priority": (b'"priority":-1', b'"fallback_priority":"first"'),
    "POST /api/models/<id>/toggle": (b'"provider_id":7',),
    "POST /api/models/reorder": (b'"model_order":[]', b'"provider_id":""'),
}
_CHANGES_NOTHING = frozenset({"POST /api/samples/download", "POST /api/citations/check", f"{_BATCH}plan"})
_PAGE = f"limit offset sort cursor {' '.join(FILTERS)}"
_EXPORT = "format fields system_prompt reasoning split splits seed data_version include"
_ARGUMENTS = {
    "GET /api/export": f"{_EXPORT} {' '.join(FILTERS)}",
    "GET /api/usage": "by since batch_id",
    "GET /api/topics": "jurisdiction",
    "GET /api/search": f"q q q field sort limit snippets {' '.join(FILTERS)}",
    "GET /api/samples/random": f"count seed {' '.join(FILTERS)}",
    "GET /api/review/queue": f"limit offset {' '.join(FILTERS)}",
    "GET /api/quality/report": "renew",
    "GET /api/batches/<id>/events": "after limit",
    "GET /api/providers/events": "after limit",
    "GET /api/providers/all": "include_models",
    "GET /api/models/all": "provider enabled_only",
    "GET /api/models/<id>": "provider_id",
    "GET /api/generate/batch/status": "batch_id",
    "GET /api/generate/batch/history": "limit offset status",
}
_ROW = b'{"id":"%d","question":"q","answer":"a","topic":"t","difficulty":"basic","case_citation":"c","reasoning":"r"}\n'
_IDS = (*(text for text in odd.TEXTS if not re.search(rb"[\x00-\x20]", text)), *[b""] * 20)
# JSON is read to 1,024 levels; what goes through them by itself often ends before.
_LEVELS = (100, 250, 500, 900, 940, 970, 985, 990, 995, 1000, 1005, 1010, 1015, 1024, 1025, 10_000, 100_000)
_PLAIN = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


@dataclass(frozen=True, slots=True)
class Route:
    """A line of `endpoints` of `GET /api/info`."""

    method: str
    rule: str

    @property
    def name(self) -> str:
        """As `docs/api.md` writes it."""
        return f"{self.method} {re.sub('<[^>]+>', '<id>', self.rule)}"

    @property
    def must_refuse(self) -> bool:
        """Whether taking a body of `_SPOILT` would be a fault."""
        return self.method != "GET" and self.name not in _CHANGES_NOTHING


Routes = Sequence[Route]


@dataclass(frozen=True, slots=True)
class Case:
    """A malformed request.

    Attributes:
        kind: What is wrong with it.
        route: The route it was made for, "" for none.
        data: All bytes that are sent.
        end: What follows them: "wait" for the answer, "half" (close our side) and wait, "close", or "reset".
        refused: Whether taking it would be a fault.
    """

    kind: str
    route: str
    data: bytes
    end: str = "wait"
    refused: bool = False


def make(routes: Routes, seed: str) -> Case:
    """Return the malformed request of *seed*."""
    draw = random.Random(seed)
    safe = [route for route in routes if route.method != "DELETE" or "<" in route.rule]
    if draw.random() < 0.004:  # seldom: each stream keeps a thread until its next heartbeat
        return _stream(draw, _named(safe, "/stream"), "stream")
    safe = [route for route in safe if not route.rule.endswith("/stream")]
    kind = draw.choices(list(_KINDS), [weight for weight, _ in _KINDS.values()])[0]
    return _KINDS[kind][1](draw, safe, kind)


# --- parts of requests ---------------------------------------------------------------------


def _message(
    draw: random.Random, route: Route, headers: Sequence[bytes] = (), body: bytes | None = None, query: bytes = b""
) -> bytes:
    """Write a request that is sound but for what is given."""
    lines = [route.method.encode() + b" " + _target(draw, route) + query + _PLAIN[:-2], *headers]
    if body is None:
        return b"\r\n".join(lines) + b"\r\n\r\n"
    if not any(line.lower().startswith(b"content-type") for line in headers):
        lines.append(b"Content-Type: application/json")
    if not any(line.lower().startswith((b"content-length", b"transfer-encoding")) for line in headers):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _target(draw: random.Random, route: Route) -> bytes:
    """Write the address; what it names does not exist."""
    rule = route.rule.replace("/api/", "/api/v1/", 1) if draw.random() < 0.1 else route.rule
    return re.sub(rb"<[^>]+>", lambda _: b"none-such" + _text(draw, _IDS), rule.encode())


def _text(draw: random.Random, texts: Sequence[bytes] = odd.TEXTS) -> bytes:
    """Return an odd text, or one that never was before: what is kept of every name grows with those."""
    return draw.choice(texts) if draw.random() < 0.85 else b"%x" % draw.getrandbits(64)


def _value(draw: random.Random) -> bytes:
    return draw.choice(odd.JSON) if draw.random() < 0.85 else b'"%x"' % draw.getrandbits(64)


def _object(draw: random.Random, route: Route) -> bytes:
    """Write a JSON object of odd members that the route cannot take, but for those that change nothing."""
    members = {b'"%s"' % name.encode(): orjson.dumps(value) for name, value in _GOOD.get(route.name, {}).items()}
    for _ in range(draw.randrange(4)):
        members[_field(draw, route) if draw.random() < 0.9 else draw.choice(odd.NAMES)] = _value(draw)
    written = [name + b":" + value for name, value in members.items()]
    return b"{" + b",".join([*written, *_spoilt(draw, route)]) + b"}"


def _rest(draw: random.Random, route: Route, but: bytes) -> list[bytes]:
    """Write the members that a sound body has besides *but*, and the one that spoils it."""
    sound = [b'"%s":%s' % (name.encode(), orjson.dumps(value)) for name, value in _GOOD.get(route.name, {}).items()]
    return [*(member for member in sound if not member.startswith(but)), *_spoilt(draw, route)]


def _field(draw: random.Random, route: Route) -> bytes:
    return b'"%s"' % draw.choice(_FIELDS.get(route.name, "no_such").split()).encode()


def _spoilt(draw: random.Random, route: Route) -> list[bytes]:
    return [] if route.name in _CHANGES_NOTHING else [draw.choice(_SPOILT.get(route.name, (b'"broken":',)))]


def _takes_body(routes: Routes) -> list[Route]:
    return [route for route in routes if route.method in ("POST", "PUT")]


def _reads(routes: Routes) -> list[Route]:
    return [route for route in routes if route.method == "GET"]


def _named(routes: Routes, *parts: str) -> list[Route]:
    return [route for route in routes if route.rule.endswith(parts)]


# --- bodies --------------------------------------------------------------------------------


def _fields(draw: random.Random, routes: Routes, kind: str) -> Case:
    route = draw.choice(_takes_body(routes))
    return Case(kind, route.name, _message(draw, route, body=_object(draw, route)), refused=route.must_refuse)


def _deep(draw: random.Random, routes: Routes, kind: str) -> Case:
    route, levels = draw.choice(_takes_body(routes)), draw.choice(_LEVELS)
    left, right = draw.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]"), (b"[", b""), (b'{"a":', b"")))
    nested = left * levels + b"1" + right * levels
    if draw.random() < 0.7:
        sound = [b'"%s"' % name.encode() for name in _GOOD.get(route.name, {})]
        name = draw.choice(sound) if sound and draw.random() < 0.5 else _field(draw, route)
        nested = b"{" + b",".join([name + b":" + nested, *_rest(draw, route, name)]) + b"}"
    elif route.must_refuse:
        nested = b"[" + nested + b"]"
    return Case(kind, route.name, _message(draw, route, body=nested), refused=route.must_refuse)


def _no_json(draw: random.Random, routes: Routes, kind: str) -> Case:
    route = draw.choice(_takes_body(routes))
    whole = _object(draw, route)
    wide = whole.decode("latin-1")
    body = draw.choice((
        whole[: draw.randrange(1, len(whole))], b"\xef\xbb\xbf" + whole, wide.encode("utf-16"), wide.encode("utf-32"),
        whole + b"}", whole + b"\x00", whole + whole, b"\x00" + whole, b"[" + whole + b"]", b"[]", b'"text"', b"7",
        b"null", b"true", b"NaN", b"{", b"}", b"{,}", b"{'a':1}", b'{"a":1,}', b"{a:1}", b"/**/" + whole, b"\xff" * 90,
        b'{"a":"', b'{"a"', b"\x00", b"<x/>", b"a=b&c=d", b'{"a":1 "b":2}', draw.randbytes(200) + b"{",
    ))  # fmt: skip
    return Case(kind, route.name, _message(draw, route, body=body), refused=route.must_refuse)


def _media(draw: random.Random, routes: Routes, kind: str) -> Case:
    route = draw.choice(_takes_body(routes))
    headers = [b"Content-Type: " + draw.choice(odd.MEDIA_TYPES)]
    return Case(kind, route.name, _message(draw, route, headers, _object(draw, route)), refused=route.must_refuse)


def _multipart(draw: random.Random, routes: Routes, kind: str) -> Case:
    route = draw.choice(_named(routes, "/import", "/import/jsonl") if draw.random() < 0.8 else _takes_body(routes))
    name, content = draw.choice(odd.FILE_NAMES), draw.choice((*odd.FILES, draw.randbytes(900) + b"{"))
    field = draw.choice((b"format", b"on_duplicate", b"dry_run", b"none", b"\xff", b""))
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n' + content
    option = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s' % (field, _text(draw))
    encoded = b"\r\nContent-Transfer-Encoding: base64\r\nContent-Type: \xff\r\n\r\n"
    body = draw.choice((
        part + b"\r\n--b--\r\n", part, part + b"\r\n--c--", part + b"\r\n" + option + b"\r\n--b--\r\n",
        option + b"\r\n--b--", b"--b--\r\n", b"--b\r\n", b"--b", part.replace(b"\r\n", b"\n"),
        b"\r\n".join([part] * 3) + b"\r\n--b--", content + b"{", b"--b\r\n" + b"H: v\r\n" * 9000 + b"\r\n\r\n--b--",
        b"--b\r\n\r\n" + content + b"\r\n--b--", b"--b\r\n" + b"A" * 90_000,
        b"\r\n".join([option] * 1500) + b"\r\n--b--", b"--b\r\nContent-Disposition: form-data\r\n\r\n\r\n--b--",
        part.replace(b"\r\n\r\n", encoded, 1) + b"\r\n--b--",
    ))  # fmt: skip
    media = draw.choice(
        (b"form-data; boundary=b", b'form-data; boundary="b', b"form-data; boundary=c", b"x; boundary=b")
    )
    return Case(kind, route.name, _message(draw, route, [b"Content-Type: multipart/" + media], body), refused=True)


def _encoded(draw: random.Random, routes: Routes, kind: str) -> Case:
    """A body that is compressed, and grows a thousandfold."""
    route = draw.choice(_takes_body(routes))
    coding = draw.choice(b"gzip x-gzip deflate gzip,gzip br zstd identity,gzip none".split())
    body = draw.choice((_bomb(0), _bomb(1), _bomb(2), _bomb(2)[:-9], gzip.compress(_object(draw, route))))
    media = draw.choice((b"application/json", b"application/x-ndjson", b"text/csv"))
    data = _message(draw, route, [b"Content-Encoding: " + coding, b"Content-Type: " + media], body)
    return Case(kind, route.name, data, "half", refused=route.must_refuse)


@cache
def _bomb(number: int) -> bytes:
    """Return 10 MB or more in some 10 KB."""
    content = (b" ", b"[", b'{"a":')[number] * 10_000_000
    return zlib.compress(content) if number == 0 else gzip.compress(content)


# --- addresses -----------------------------------------------------------------------------


def _query(draw: random.Random, routes: Routes, kind: str) -> Case:
    route = draw.choice(_reads(routes))
    names = _ARGUMENTS.get(route.name, _PAGE).encode().split()
    pairs = [draw.choice(names) + b"=" + _text(draw, _IDS) for _ in range(draw.randrange(1, 5))]
    if draw.random() < 0.1:
        pairs.append(_text(draw, _IDS) + b"=" + _text(draw, _IDS))
    query = b"?" + draw.choice((b"&", b"&", b";", b"&&")).join(pairs)
    return Case(kind, route.name, _message(draw, route, query=query))


def _cursor(draw: random.Random, routes: Routes, kind: str) -> Case:
    route = draw.choice([route for route in _reads(routes) if route.rule in ("/api/data", "/api/samples/filter")])
    sort = draw.choice(("", "-")) + draw.choice(SORTS)
    parts = [orjson.dumps(sort), draw.choice(odd.CURSOR_KEYS), draw.choice((b'"a"', *odd.CURSOR_KEYS))]
    text = b"[" + b",".join(parts[: draw.choice((3, 3, 3, 3, 2, 1))]) + b"]"
    content = draw.choice((text, text, text, text, text[:-1], b"\xff" * 9, b"", b"7", b"{}"))
    cursor = base64.urlsafe_b64encode(content).rstrip(b"=")
    if draw.random() < 0.5:
        cursor = draw.choice((cursor[:-1], cursor + b"=", cursor + b"%", b"\xff" + cursor, b"%20" + cursor))
    query = b"?limit=%d&sort=%s&cursor=%s" % (draw.choice((0, 1, 50)), sort.encode(), cursor)
    return Case(kind, route.name, _message(draw, route, query=query))


def _path(draw: random.Random, routes: Routes, kind: str) -> Case:
    if draw.random() < 0.5:
        return Case(kind, "", b"GET " + draw.choice(odd.ADDRESSES) + _PLAIN + b"\r\n")
    route = draw.choice([route for route in routes if "<" in route.rule])
    target = re.sub(rb"<[^>]+>", lambda _: _text(draw), route.rule.encode())
    head = route.method.encode() + b" " + target + _PLAIN
    if route.method == "GET":
        return Case(kind, route.name, head + b"\r\n")
    body = b"" if route.method == "DELETE" else b"{"
    return Case(kind, route.name, head + b"Content-Length: %d\r\n\r\n" % len(body) + body, refused=True)


def _method(draw: random.Random, routes: Routes, kind: str) -> Case:
    route = draw.choice(routes)
    allowed = {other.method.encode() for other in routes if other.rule == route.rule}
    method = draw.choice([name for name in odd.METHODS if name.upper() not in allowed])
    version = draw.choice(odd.VERSIONS) if draw.random() < 0.5 else b"HTTP/1.1"
    body = b"{" if draw.random() < 0.3 else b""
    line = method + b" " + _target(draw, route) + b" " + version
    data = line + b"\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    return Case(kind, route.name, data, "half")


# --- the message ---------------------------------------------------------------------------


def _header(draw: random.Random, routes: Routes, kind: str) -> Case:
    route = draw.choice(routes)
    body = None if route.method == "GET" else _object(draw, route)
    lines = draw.choices(odd.HEADERS, k=draw.choice((1, 1, 2, 4)))
    return Case(kind, route.name, _message(draw, route, lines, body), "half", refused=route.must_refuse)


def _stream(draw: random.Random, routes: Routes, kind: str) -> Case:
    route = draw.choice(routes)
    query = b"?access_token=" + _text(draw, _IDS) if draw.random() < 0.2 else b""
    return Case(kind, route.name, _message(draw, route, [draw.choice(odd.STREAM_HEADERS)], query=query), "half")


def _length(draw: random.Random, routes: Routes, kind: str) -> Case:
    route = draw.choice(_takes_body(routes))
    body = _object(draw, route)
    true, other = b"Content-Length: %d" % len(body), b"Content-Length: " + draw.choice(odd.LENGTHS)
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    coding = b"Transfer-Encoding: " + draw.choice(odd.CODINGS)
    headers, sent = draw.choice((
        ([other], body), ([other], body), ([true, other], body), ([other, true], body),
        ([true, b"Content-Length: 0"], body), ([b"Content-Length: 0", true], body), ([true, coding], chunks),
        ([coding, true], chunks), ([coding], chunks), ([coding, coding], chunks),
        ([b"Transfer-Encoding : chunked", true], chunks), ([b"Content-Length : 5"], body),
        ([b"Content-Length: %d" % (len(body) + 40)], body), ([b"Content-Length: 1"], body),
        ([b"Content-Length: 99999999999"], body), ([true.replace(b": ", b":\r\n ")], body),
        ([b"Content_Length: 1", true], body), ([true, b"Transfer-Encoding:\r\n chunked"], chunks),
    ))  # fmt: skip
    behind = draw.choice((b"", b"GET /api/health" + _PLAIN + b"\r\n", b"\x00" * 99, b"0\r\n\r\n"))
    return Case(kind, route.name, _message(draw, route, headers, sent) + behind, "half", refused=route.must_refuse)


def _chunks(draw: random.Random, routes: Routes, kind: str) -> Case:
    route = draw.choice(routes)
    body = _object(draw, route)
    size = b"%x" % len(body)
    broken = (b"zz", b"-5", b"", b" ", b"F" * 400, b"1", b"\xb2", size + b",", size + b"_0", b"%x" % (len(body) + 99))
    odd_ones = (b"+5", b"0x" + size, b" " + size, size + b" ", size + b";a=\x00", size + b"\n", b"0" * 5000 + size)
    first = draw.choice((*broken, *odd_ones, b"F" * 16, size + b";" + b"x" * 70_000, size, size, size))
    last = draw.choice((
        b"\r\n0\r\n\r\n", b"0\r\n\r\n", b"XX0\r\n\r\n", b"\r\n", b"", b"\r\n0", b"\r\nzz\r\n", b"\r\n-1\r\n",
        b"\n0\n\n", b"\r\n0\r\nContent-Length: 9\r\n\r\n", b"\r\n0\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
        b"\r\n0\r\n\xff\x00\r\n\r\n",
    ))  # fmt: skip
    data = _message(draw, route, [b"Transfer-Encoding: chunked"], first + b"\r\n" + body + last)
    if first in broken and draw.random() < 0.5:  # what follows must not be taken for a request
        data = data.replace(b"close", b"keep-alive", 1) + b"GET /api/health" + _PLAIN + b"\r\n"
    return Case(kind, route.name, data, "half", refused=route.must_refuse)


def _cut(draw: random.Random, routes: Routes, kind: str) -> Case:
    """A request whose end never comes; taking what came for all of it would be a fault."""
    end = draw.choice(("half", "half", "close", "reset"))
    route = draw.choice(routes)
    if draw.random() < 0.1:
        route = draw.choice(_named(routes, "/import", "/import/jsonl"))
        rows = b"".join(_ROW % number for number in range(3))
        data = _message(draw, route, [b"Content-Type: application/x-ndjson"], rows, b"?dry_run=true")
        return Case(f"{kind} after a row", route.name, data[: -len(_ROW % 0)], end, refused=True)
    body = None if route.method in ("GET", "DELETE") else _object(draw, route)
    data = _message(draw, route, body=body)
    if body is None or draw.random() < 0.2:
        kept = draw.randrange(1, data.index(b"\r\n\r\n") + 3)
        return Case(f"{kind} in the head", route.name, data[:kept], end, refused=True)
    kept = draw.choice((0, draw.randrange(len(body))))
    where = "in the body" if kept else "before the body"
    return Case(f"{kind} {where}", route.name, data[: len(data) - len(body) + kept], end, refused=True)


def _flip(draw: random.Random, routes: Routes, kind: str) -> Case:
    """A sound GET with some bytes changed."""
    data = bytearray(_message(draw, draw.choice(_reads(routes))))
    for _ in range(draw.choice((1, 1, 2, 5, 20))):
        data[draw.randrange(3, len(data))] = draw.choice((0, 10, 13, 32, 127, 255, draw.randrange(256)))
    return Case(kind, "", bytes(data), "half")


def _no_http(draw: random.Random, _routes: Routes, kind: str) -> Case:
    data = draw.randbytes(draw.randrange(1, 3000)) if draw.random() < 0.2 else draw.choice(odd.REQUESTS)
    return Case(kind, "", data, draw.choice(("half", "half", "close", "reset")))


_KINDS: dict[str, tuple[int, Callable[[random.Random, Routes, str], Case]]] = {
    "odd fields": (25, _fields),
    "deep JSON": (9, _deep),
    "no JSON": (8, _no_json),
    "media type": (5, _media),
    "multipart": (7, _multipart),
    "encoded": (3, _encoded),
    "query": (14, _query),
    "cursor": (5, _cursor),
    "path": (9, _path),
    "method": (6, _method),
    "header": (10, _header),
    "length": (7, _length),
    "chunks": (6, _chunks),
    "cut": (8, _cut),
    "flipped bytes": (4, _flip),
    "no HTTP": (2, _no_http),
}
