"""What the pages of the assistant show: an answer while it is written, and a turn with what it stands on."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import orjson
from markupsafe import Markup

from models.contract.answers.assistant_memory import TurnInfo
from models.contract.answers.runs import RunFacts
from utils.errors import InputError
from web.page_words import page_words

# A part of an answer of so many characters is sent once; only what follows it is sent again as it grows.
_PART = 400
_MARKER = re.compile(r"\[(S\d{1,3})\]")
_AGENTS: Mapping[str, str] = {
    "coordinator": "Finding out what is wanted",
    "memory": "Looking at what was said before",
    "vision": "Reading what was attached",
    "researcher": "Looking it up",
    "writer": "Writing",
    "product": "Looking at the data set",
    "shopping": "Choosing samples",
}
_ENDS = ("done", "error")
_Object: TypeAlias = Mapping[str, object]


class Growing:
    """A text that grows on a page, in nested elements: what is whole stays, the innermost is renewed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._whole = 0
        self._rest = ""
        self.text = ""

    def begin_anew(self) -> None:
        """Forget what was told: it was put aside."""
        self._whole, self._rest, self.text = 0, "", ""

    def add(self, text: str) -> Markup:
        """Append *text*; return the element that takes the place of the one with its id."""
        self.text += text
        self._rest += text
        number = self._whole
        if len(self._rest) < _PART:
            return _span(f"{self._name}-{number}", self._rest)
        self._whole += 1
        rest, self._rest = self._rest, ""
        return _span(f"{self._name}-{number}", rest, _span(f"{self._name}-{self._whole}"))


def _span(name: str, text: str = "", inner: str = "") -> Markup:
    return Markup('<span id="{}">{}{}</span>').format(name, text, inner)


class Telling:
    """Follows the events of a run; makes of them what changes on the page."""

    def __init__(self) -> None:
        self._answer, self._thought = Growing("answer"), Growing("thought")
        self._status = ""
        self.is_over = False

    @property
    def text(self) -> str:
        """The answer so far."""
        return self._answer.text

    def take(self, events: Iterable[str]) -> str:
        """Take *events* as JSON; return HTML of the parts that they change."""
        parts: dict[str, Markup] = {}
        pieces: list[tuple[Growing, str]] = []
        for event in map(orjson.loads, events):
            kind = event["type"]
            if kind in ("token", "thought"):
                growing = self._answer if kind == "token" else self._thought
                if pieces and pieces[-1][0] is growing:
                    pieces[-1] = (growing, pieces[-1][1] + str(event["content"]))
                else:
                    pieces.append((growing, str(event["content"])))
            elif kind == "status" and event.get("status") == "refused":
                pieces = [piece for piece in pieces if piece[0] is self._thought]
                self._answer.begin_anew()
                parts["anew"] = self._answer.add("")
            elif kind in _ENDS:
                self.is_over = True
            self._status = said(event) or self._status
        html = [growing.add(text) for growing, text in pieces]
        status = Markup('<span id="run-status">{}</span>').format(self._status)
        return "".join([*parts.values(), *html, status])


def said(event: _Object) -> str:
    """Return an event of a run in words; "" for one that has none."""
    status = event.get("status") if event["type"] == "status" else event["type"]
    words = {
        "token": "Writing",
        "thought": "Thinking",
        "agent": _AGENTS.get(str(event.get("agent")), ""),
        "calling": f"Asking {event.get('provider')}/{event.get('model')}",
        "refused": f"Written again: {page_words(event.get('reason'))}",
    }
    return words.get(str(status), "")


@dataclass(frozen=True, slots=True)
class Said:
    """A question and what became of it.

    Attributes:
        answer: As it stands in the run, None where that is gone or never came.
        error: Why there is no answer.
    """

    query: str
    at: str
    run_id: str
    response: str
    citations: Sequence[_Object]
    answer: _Object | None = None
    error: str = ""
    pieces: Sequence[tuple[str, str]] = field(default=())

    @property
    def mode(self) -> str:
        """In which mode the conversation goes on: a guided choice, until it is made."""
        choice = (self.answer or {}).get("shopping_status")
        return "shopping" if isinstance(choice, Mapping) and not choice.get("is_done") else "chat"

    def offers(self) -> list[str]:
        """Return what may be answered to it."""
        found = (self.answer or {}).get("options")
        return [str(one) for one in found] if isinstance(found, list) else []


def of_turn(turn: TurnInfo, answer: _Object | None) -> Said:
    """Return a turn that was kept, with the answer of its run where that is still known."""
    response = _response(turn["response"], turn["model"])
    return Said(
        turn["query"],
        turn["at"],
        turn["run_id"] or "",
        response,
        turn["citations"],
        answer,
        pieces=pieces_of(response, turn["citations"]),
    )


def of_run(run: RunFacts, partly: str = "") -> Said:
    """Return a run that has ended; *partly* is what was told before it broke off."""
    answer: _Object = run["result"] or {}
    response, cited = str(answer.get("response") or ""), answer.get("citations")
    response = _response(response, answer.get("model")) or partly
    citations = cited if isinstance(cited, list) else []
    query = str(run["request"].get("query", ""))
    pieces = pieces_of(response, citations)
    return Said(query, run["started_at"], run["run_id"], response, citations, run["result"], run["error"] or "", pieces)


def _response(text: str, model: object) -> str:
    """Return an answer as pages show it: what a model wrote stays as it is, the service's own names pages."""
    return text if model else page_words(text)


def pieces_of(response: str, citations: Sequence[_Object]) -> list[tuple[str, str]]:
    """Return *response* in pieces: text, and the marker that follows it where it is that of a citation, or ""."""
    known = {str(one.get("marker")) for one in citations}
    found: list[tuple[str, str]] = []
    place = 0
    for match in _MARKER.finditer(response):
        if match[1] in known:
            found.append((response[place : match.start()], match[1]))
            place = match.end()
    return [*found, (response[place:], "")] if place < len(response) else found


def model_of(given: str) -> dict[str, str]:
    """Return provider and model as a query names them, of "provider/model"; {} for none.

    Raises:
        InputError: it is not of that form.
    """
    if not given:
        return {}
    provider, _, model = given.partition("/")
    if not provider or not model:
        raise InputError(f"model: got {given[:80]!r}, want provider/model")
    return {"model_provider": provider, "model_name": model}
