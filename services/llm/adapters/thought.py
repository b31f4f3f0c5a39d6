"""Takes thoughts out of an answer while it is written, however the pieces are cut.

Vendors send thoughts apart from the text, or within it: in tags, in marks of their own, in the channels of harmony.
Here both become one: no thought is in a piece of the text, none of the text in a thought. What is held back is only
what may be the beginning of a mark. A tag within a code fence, inline code or a sound JSON object is text; where an
object that holds a tag is not at its end yet, it is held back from the tag on, since only the whole shows whether it
is sound.

A block that is not closed is a thought to its end. An end without a beginning (templates of DeepSeek and QwQ write the
beginning into the prompt) cannot be known ahead: what came before it was told as text already. `text` and `thinking`,
from which answers are stored, are right in that case too, and `is_as_told` is false.

`services/drafts/thinking.py` does the same for the raw answers of samples, which are kept whole and read later.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from services.llm.adapters.thought_code import JsonObject, Line
from services.llm.adapters.thought_marks import (
    BARE,
    BARE_CLOSER,
    BARE_OPENER,
    CHANNEL,
    CHANNEL_CLOSER,
    CLOSER,
    IN_FENCE,
    IN_OBJECT,
    IN_TEXT,
    MESSAGE,
    START,
    undecided,
)

if TYPE_CHECKING:  # base splits every streamed answer by this module
    from services.llm.adapters.base import Listener, Piece

_HEADER_NAME = re.compile(r"\s*(\w*)")
_LONGEST_HEADER = 200
# How often an object may turn out to be none, before no brace is believed any more.
_MOST_DOUBTS = 20
_BETWEEN = "\n\n"


class ThoughtSplitter:
    """One answer on its way; used by one thread. `end` must be called before `text` and `thinking` are read.

    Attributes:
        is_as_told: Whether the pieces told are what `text` and `thinking` say: see the head of the module.
        heard: The text as it came.
    """

    def __init__(self, listener: Listener | None = None, now: Callable[[], float] = time.monotonic) -> None:
        """Tell *listener* the pieces of both kinds; *now* times the thoughts that it is told."""
        self._listener = listener
        self._now = now
        self._came: list[str] = []
        self._said: dict[Piece, list[str]] = {"token": [], "thought": []}
        self.is_as_told = True
        self._rest = ""
        self._read: Callable[[bool], bool] = self._text
        self._closer = CLOSER
        self._line = Line()
        self._object = JsonObject()
        self._doubts = 0
        self._in_header_of = ""
        self._in_harmony = False
        # Of the text: white space at its beginning, whether it begins after a thought, what parts it from the last.
        self._lead, self._began, self._cut, self._joint = "", False, False, ""
        # Of a thought: whether it said nothing yet, the white space at its end, whether it stood in the text.
        self._fresh, self._gap, self._tagged, self._parted = True, "", False, False
        self._thinking_since: float | None = None
        self._thought_s = 0.0

    @property
    def heard(self) -> str:
        """Return the text as it came."""
        return "".join(self._came)

    @property
    def text(self) -> str:
        """Return the answer without its thoughts."""
        return "".join(self._said["token"])

    @property
    def thinking(self) -> str:
        """Return the thoughts."""
        return "".join(self._said["thought"])

    @property
    def thought_s(self) -> float | None:
        """Return how long thoughts were told, in seconds; None where nobody listened or none came."""
        return self._thought_s if self._listener is not None and self._said["thought"] else None

    def hear(self, kind: Piece, piece: str) -> None:
        """Take a piece as the vendor sent it."""
        if kind == "thought":
            self._parted = self._parted or self._tagged
            self._tagged = False
            self._tell_thought(piece)
            return
        self._came.append(piece)
        self._rest += piece
        while self._rest and self._read(False):
            pass

    def end(self) -> None:
        """Take the end of the answer: what was held back is what it seems to be."""
        while self._read(True):
            pass
        if not self._began and not self._cut:
            self._tell("token", self._lead)
        if self._thinking_since is not None:
            self._thought_s += self._now() - self._thinking_since
            self._thinking_since = None

    # --- what is read: each returns whether it can go on -----------------------------------

    def _text(self, is_end: bool) -> bool:
        if not self._came_to_text() and self._bare_harmony(is_end):
            return self._read != self._text
        pattern = IN_FENCE if self._line.fence else IN_TEXT
        found = pattern.search(self._rest)
        kept = 0 if is_end else undecided(self._rest)
        if found is None or (found.end() > len(self._rest) - kept and found.lastgroup in ("fence", "object")):
            self._pass(self._take(len(self._rest) - kept))
            return False
        self._pass(self._take(found.start()))
        mark = self._take(found.end() - found.start())
        if found.lastgroup == "fence":
            self._line.run(mark)
            self._write(mark)
        elif found.lastgroup == "object" and self._doubts < _MOST_DOUBTS:
            self._object = JsonObject()
            self._rest, self._read = mark + self._rest, self._in_object
        elif found.lastgroup == "object" or self._line.in_code or not self._marked(found.lastgroup or "", mark):
            self._pass(mark)
        return True

    def _marked(self, kind: str, mark: str) -> bool:
        """Do what a mark in the text says; False where it says nothing here."""
        match kind:
            case "open":
                self._open(CLOSER)
            case "close":
                self._orphan()
            case "header":
                if mark == START and not self._in_harmony and self._came_to_text():
                    return False
                self._in_header_of, self._read, self._in_harmony = mark, self._header, True
            case "end":
                return self._in_harmony
        self._cut = True
        return True

    def _bare_harmony(self, is_end: bool) -> bool:
        """Look at the very beginning for a channel without its marks; True where it is one, or not known yet."""
        found = BARE_OPENER.match(self._rest)
        if found is not None:
            self._take(found.end())
            self._open(BARE_CLOSER)
            return True
        begun = self._rest.lstrip()
        return bool(begun) and not is_end and BARE.startswith(begun)

    def _in_object(self, is_end: bool) -> bool:
        one = self._object
        while found := IN_OBJECT.search(self._rest):
            if found.lastgroup in ("quote", "escaped", "down", "up"):
                self._keep(self._take(found.end()))
                if one.lexed(found.lastgroup):
                    return self._close_object()
                continue
            self._keep(self._take(found.start()))
            one.is_doubted = True
            self._keep(self._take(found.end() - found.start()))
        self._keep(self._take(len(self._rest) - (0 if is_end else undecided(self._rest))))
        return self._close_object() if is_end and one.is_doubted else False

    def _close_object(self) -> bool:
        """End an object; where it held a mark and is none, it is read again as text from that mark on."""
        one, self._read = self._object, self._text
        if one.is_doubted and not one.is_sound:
            self._doubts += 1
            self._rest = "".join(one.held) + self._rest
        else:
            self._pass("".join(one.held))
        return True

    def _header(self, is_end: bool) -> bool:
        head, mark, rest = self._rest.partition(MESSAGE)
        if not mark and not is_end and len(self._rest) < _LONGEST_HEADER:
            return False
        if not mark:  # no header of harmony: all but the channel's name is what it says
            head, rest = "", self._rest
        _, channel, name = head.rpartition(CHANNEL)
        word = _HEADER_NAME.match(name if mark else rest)
        named = word[1] if word is not None and (channel or self._in_header_of == CHANNEL) else ""
        self._rest = rest if mark else rest.removeprefix(named)
        if named == "analysis":
            self._open(CHANNEL_CLOSER)
        else:
            self._read, self._began, self._joint = self._text, False, _BETWEEN if self._said["token"] else ""
        return True

    def _thought(self, is_end: bool) -> bool:
        found = self._closer.search(self._rest)
        if found is None:
            self._think(self._take(len(self._rest) - (0 if is_end else undecided(self._rest))))
            return False
        self._think(self._take(found.start()))
        if found.group() not in (CHANNEL, START):
            self._take(found.end() - found.start())
        self._read, self._cut = self._text, True
        if self._closer is BARE_CLOSER or not self._said["token"]:
            self._began, self._lead = False, ""
        return True

    # --- what is said ---------------------------------------------------------------------

    def _open(self, closer: re.Pattern[str]) -> None:
        self._read, self._closer, self._cut = self._thought, closer, True
        self._fresh, self._gap, self._parted, self._tagged = True, "", True, True

    def _orphan(self) -> None:
        """Take an end without a beginning: all that was said is a thought."""
        before = (self.thinking, self.text.strip())
        self._said = {"token": [], "thought": [_BETWEEN.join(filter(None, before))]}
        self.is_as_told = self.is_as_told and not before[1]
        self._lead, self._began, self._joint, self._tagged = "", False, "", True

    def _came_to_text(self) -> bool:
        return self._began or self._cut

    def _take(self, length: int) -> str:
        taken, self._rest = self._rest[:length], self._rest[length:]
        return taken

    def _keep(self, text: str) -> None:
        """Keep a part of an object, and say it unless it is in doubt."""
        one = self._object
        one.parts.append(text)
        if one.is_doubted:
            one.held.append(text)
        else:
            self._pass(text)

    def _pass(self, text: str) -> None:
        self._line.passed(text)
        self._write(text)

    def _write(self, text: str) -> None:
        if not self._began:
            text = self._lead + text
            said = text.lstrip()
            if not said:
                self._lead = text
                return
            text = self._joint + said if self._cut else text
            self._lead, self._began, self._joint = "", True, ""
        self._tell("token", text)

    def _think(self, text: str) -> None:
        text = text.lstrip() if self._fresh else self._gap + text
        said = text.rstrip()
        self._gap = text[len(said) :]
        if said:
            self._fresh = False
            self._tell_thought(said)

    def _tell_thought(self, text: str) -> None:
        if text:
            apart = _BETWEEN if self._parted and self._said["thought"] else ""
            self._parted = False
            self._tell("thought", apart + text)

    def _tell(self, kind: Piece, text: str) -> None:
        if not text:
            return
        self._said[kind].append(text)
        if self._listener is None:
            return
        if kind == "thought":
            self._thinking_since = self._now() if self._thinking_since is None else self._thinking_since
        elif self._thinking_since is not None:
            self._thought_s += self._now() - self._thinking_since
            self._thinking_since = None
        self._listener(kind, text)
