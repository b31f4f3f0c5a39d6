"""Conversations: reads question and answer out of what tools write.

That is messages (`role`, `content`), ShareGPT's turns (`from`, `value`), Gemini's (`role`, `parts`) and ChatML's text.
The answer is the last thing that the assistant says. With one exchange the question is what the user said; with
more, it is all that was said before, each turn headed by who speaks, so that the answer is learnt with what it answers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

_ROLES = {
    "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "model": "assistant", "chatgpt": "assistant",
    "ai": "assistant",
    "system": "system", "developer": "system",
}  # fmt: skip
_SPEAKER, _SAID, _THOUGHT = (
    ("role", "from"),
    ("content", "value", "parts"),
    ("reasoning_content", "thinking", "reasoning"),
)
_KEPT = {*_SPEAKER, *_SAID, *_THOUGHT}
_MARK = "<|im_start|>"
_CHATML = re.compile(r"<\|im_start\|>[ \t]*(\w+)[ \t]*\n(.*?)(?:<\|im_end\|>|\Z)", re.DOTALL)
# As our exports write it, then as models do.
_THINK = (
    re.compile(r"\A<think>\n(.*?)\n</think>\n\n", re.DOTALL),
    re.compile(r"\A\s*<think>\s*(.*?)\s*</think>\s*", re.DOTALL),
)


@dataclass(frozen=True)
class Exchange:
    """What a conversation holds.

    Attributes:
        question, answer, reasoning, system: Texts; "" for none.
        is_whole: True if they hold all that stands in it.
    """

    question: str = ""
    answer: str = ""
    reasoning: str = ""
    system: str = ""
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class _Turn:
    role: str
    text: str
    thought: str
    is_plain: bool


def read_conversation(value: object) -> Exchange | None:
    """Read a conversation, also one written as JSON text; None if it is none."""
    turns = _turns(value)
    if turns is None:
        return None
    system = "\n\n".join(turn.text for turn in turns if turn.role == "system" and turn.text)
    spoken = [turn for turn in turns if turn.role != "system"]
    last = max((n for n, turn in enumerate(spoken) if turn.role == "assistant"), default=-1)
    if last < 0:
        return Exchange(question="\n\n".join(turn.text for turn in spoken), system=system)
    before, final = spoken[:last], spoken[last]
    thought, answer = split_thought(final.text)
    is_single = all(turn.role == "user" for turn in before)
    question = "\n\n".join(turn.text if is_single else f"{turn.role.capitalize()}: {turn.text}" for turn in before)
    is_whole = len(before) == 1 and len(spoken) == 2 and is_single and all(turn.is_plain for turn in turns)
    return Exchange(question, answer, final.thought or thought, system, is_whole)


def split_thought(text: str) -> tuple[str, str]:
    """Return what stands in a leading <think> block, and the rest."""
    match = next((found for pattern in _THINK if (found := pattern.match(text))), None)
    return (match.group(1), text[match.end() :]) if match and text[match.end() :].strip() else ("", text)


def said_in(value: Mapping[object, object]) -> str | None:
    """Return the text of one message, or of a list under `text` (SQuAD's answers); None if it is neither."""
    turn = _turn(value)
    return turn.text if turn is not None and turn.role else text_of(value.get("text"))


def text_of(value: object) -> str | None:
    """Return the text of a message's content, which may be a list of parts; None if it has none."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in value]
        return "\n".join(part for part in parts if isinstance(part, str)) if parts else None
    return None


def _turns(value: object) -> list[_Turn] | None:
    if isinstance(value, str):
        if value.lstrip().startswith(_MARK):
            said = _CHATML.findall(value)
            return [_Turn(_ROLES.get(role.casefold(), role), text.strip(), "", is_plain=False) for role, text in said]
        if not value.lstrip().startswith("["):
            return None
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    if not isinstance(value, list) or not value:
        return None
    turns = [_turn(item) for item in value]
    return None if any(turn is None for turn in turns) else [turn for turn in turns if turn is not None]


def _turn(item: object) -> _Turn | None:
    if not isinstance(item, Mapping):
        return None
    role = _first(item, _SPEAKER)
    said = next((item[name] for name in _SAID if item.get(name) is not None), "")
    text = text_of(said)
    if not isinstance(role, str) or text is None:
        return None
    is_plain = isinstance(said, str) and _KEPT.issuperset(name for name in item if item[name] is not None)
    return _Turn(_ROLES.get(role.casefold(), role), text, _first(item, _THOUGHT), is_plain)


def _first(item: Mapping[object, object], names: tuple[str, ...]) -> str:
    return next((value for name in names if isinstance(value := item.get(name), str)), "")
