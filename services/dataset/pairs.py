"""Pairs of preferences in the forms that trainers take."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

PREFERENCES, PREFERENCE_MESSAGES, PREFERENCE_OPENAI = "preferences", "preference_messages", "preference_openai"
PAIR_FORMATS = {
    PREFERENCES: "Pairs of a chosen and a rejected answer to one question: prompt, chosen, rejected as texts",
    PREFERENCE_MESSAGES: "The same pairs as lists of messages, to which TRL's DPOTrainer applies the chat template",
    PREFERENCE_OPENAI: "The same pairs as OpenAI's fine-tuning by preferences takes them",
}
Pair: TypeAlias = Mapping[str, object]
_ROLES = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}


def as_messages(pair: Mapping[str, str]) -> dict[str, object]:
    """Return a pair with its texts as conversations of one message each."""
    told = {name: [{"role": role, "content": pair[name]}] for name, role in _ROLES.items()}
    return {**pair, **told}


def as_openai(pair: Mapping[str, str]) -> dict[str, object]:
    """Return a pair as OpenAI has it, and nothing else: it refuses a line with a key that it does not know."""
    told = {name: [{"role": role, "content": pair[name]}] for name, role in _ROLES.items()}
    return {
        "input": {"messages": told["prompt"]},
        "preferred_output": told["chosen"],
        "non_preferred_output": told["rejected"],
    }


def in_form(name: str, pairs: Iterable[Mapping[str, str]]) -> Iterator[Pair]:
    """Yield *pairs* in one of `PAIR_FORMATS`."""
    forms: dict[str, Callable[[Mapping[str, str]], Pair]] = {
        PREFERENCE_MESSAGES: as_messages,
        PREFERENCE_OPENAI: as_openai,
    }
    return map(forms.get(name, dict), pairs)
