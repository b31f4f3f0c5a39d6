"""The marks that set thoughts apart within a text: tags, marks of vendors, the channels of harmony."""

import re

# The names of tags that models think in.
TAGS = ("think", "thinking", "thought", "thoughts", "reasoning", "reflection", "seed:think")
_OPENERS = (*(f"<{tag}>" for tag in TAGS), "[THINK]", "◁think▷", "<|START_THINKING|>")
_CLOSERS = (*(f"</{tag}>" for tag in TAGS), "[/THINK]", "◁/think▷", "<|END_THINKING|>")
CHANNEL, START, MESSAGE = "<|channel|>", "<|start|>", "<|message|>"
_ENDS = ("<|end|>", "<|return|>", "<|call|>")
# Cohere's frame of the answer itself.
_FRAMES = ("<|START_RESPONSE|>", "<|END_RESPONSE|>")
# What is left of harmony where a server drops its special tokens.
BARE, _BARE_ENDS = "analysis", ("assistantfinal", "assistantcommentary")
BARE_OPENER = re.compile(rf"\s*{BARE}(?=[A-Z])")
BARE_CLOSER = re.compile("|".join(_BARE_ENDS))


def _any_of(marks: tuple[str, ...]) -> str:
    """Return a pattern of *marks*; tags in any case."""
    return "|".join(f"(?i:{re.escape(mark)})" if re.match("</?[a-z]", mark) else re.escape(mark) for mark in marks)


_MARKS = (
    f"(?P<open>{_any_of(_OPENERS)})|(?P<close>{_any_of(_CLOSERS)})|(?P<frame>{_any_of(_FRAMES)})"
    f"|(?P<end>{_any_of(_ENDS)})|(?P<header>{_any_of((CHANNEL, START))})"
)
IN_TEXT = re.compile(rf"{_MARKS}|(?P<fence>`{{3,}}|~{{3,}})|(?P<object>\{{(?=\s{{0,8}}[\"}}]))", re.ASCII)
IN_FENCE = re.compile(r"(?P<fence>`{3,}|~{3,})")
IN_OBJECT = re.compile(rf'{_MARKS}|(?P<escaped>\\["\\])|(?P<quote>")|(?P<down>\{{)|(?P<up>\}})', re.ASCII)
CLOSER = re.compile(_any_of(_CLOSERS), re.ASCII)
CHANNEL_CLOSER = re.compile(_any_of((*_ENDS, CHANNEL, START)))
# Every proper beginning of a mark.
_BEGINNINGS = frozenset(
    mark[:length].lower()
    for mark in (*_OPENERS, *_CLOSERS, *_ENDS, *_FRAMES, CHANNEL, START, MESSAGE, *_BARE_ENDS)
    for length in range(1, len(mark))
)
_LONGEST = max(map(len, _BEGINNINGS))
_UNDECIDED = re.compile(r"(?:`+|~+|\{\s{0,8}|\\)\Z")


def undecided(text: str) -> int:
    """Return how many characters at the end of *text* the next ones decide on."""
    found = _UNDECIDED.search(text, max(0, len(text) - _LONGEST))
    longest = len(text) - found.start() if found is not None else 0
    for length in range(min(len(text), _LONGEST), longest, -1):
        if text[-length:].lower() in _BEGINNINGS:
            return length
    return longest
