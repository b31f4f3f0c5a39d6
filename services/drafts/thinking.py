"""Takes a model's thinking out of the raw answer of a sample: blocks of tags, and the channels of harmony.

What people read as it comes is parted while it is written (`services/llm/adapters/thought.py`); here all is there, and
an object in a block that was never closed may be the draft. Pure functions.
"""

import re

from services.llm.adapters.thought_marks import TAGS
from utils.unwrapping import spans_of_objects

_TAG = rf"(?:{'|'.join(TAGS)})"
_ANY = re.compile(rf"<(?P<end>/?){_TAG}>", re.IGNORECASE)
# The marks of Mistral, Kimi and Cohere, as tags.
_MARKS = (
    (re.compile(r"\[(/?)THINK\]|◁(/?)think▷"), lambda found: f"<{found[1] or found[2] or ''}think>"),
    (re.compile(r"<\|START_THINKING\|>"), lambda _: "<think>"),
    (re.compile(r"<\|END_THINKING\|>"), lambda _: "</think>"),
)
_CHANNEL = re.compile(
    r"<\|channel\|>\s*(?P<name>\w+)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>(?P<text>.*?)"
    r"(?=<\|(?:end|return|call|start|channel)\|>|\Z)",
    re.DOTALL,
)
# What is left of channels where a server drops special tokens.
_BARE_CHANNELS = re.compile(
    r"\A\s*analysis(?P<thought>.*?)(?:assistant)?(?:final|commentary)(?=\s*[{\[*#\w])", re.DOTALL
)
# Stands for "<" in an object's text while tags are looked for.
_MASK = "\ue000"


def split_thinking(text: str) -> tuple[str, str]:
    """Separate the thinking from *text*: channels, several blocks, an unclosed one, or an orphaned end tag.

    A tag that stands in the text of a sound JSON object is text.
    """
    text, thoughts = _split_channels(text)
    for mark, tag in _MARKS:
        text = mark.sub(tag, text)
    if _ANY.search(text) is None:
        return text, "\n\n".join(filter(None, thoughts))
    rest, more = _split_tags(_masked(text))
    rest, thoughts = rest.replace(_MASK, "<"), [*thoughts, *(thought.replace(_MASK, "<") for thought in more)]
    return rest, "\n\n".join(thought for thought in thoughts if thought)


def _split_channels(text: str) -> tuple[str, list[str]]:
    channels = [(found["name"], found["text"].strip()) for found in _CHANNEL.finditer(text)]
    if not channels:
        bare = _BARE_CHANNELS.match(text)
        if bare is None or "{" not in text[bare.end() :]:
            return text, []
        return text[bare.end() :], [bare["thought"].strip()]
    said = [part for name, part in channels if name != "analysis"]
    return "\n".join(said), [part for name, part in channels if name == "analysis"]


def _masked(text: str) -> str:
    parts, last = [], 0
    for start, end, _ in spans_of_objects(text):
        parts += [text[last:start], text[start:end].replace("<", _MASK)]
        last = end
    return "".join([*parts, text[last:]])


def _split_tags(text: str) -> tuple[str, list[str]]:
    rest: list[str] = []
    thoughts: list[str] = []
    last, inside = 0, False
    for tag in _ANY.finditer(text):
        before = text[last : tag.start()]
        if tag["end"]:  # of a block, or an orphan: then all that came before it is thinking
            thoughts.append((before if inside else "".join([*rest, before])).strip())
            rest = rest if inside else []
            last, inside = tag.end(), False
        elif not inside:
            rest.append(before)
            last, inside = tag.end(), True
    tail = text[last:]
    if inside:  # the object may stand inside a block that the model forgot to close
        start = tail.find("{")
        thoughts.append((tail if start < 0 else tail[:start]).strip())
        tail = "" if start < 0 else tail[start:]
    return "".join([*rest, tail]), thoughts
