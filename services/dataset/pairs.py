"""Pairs of preferences in the forms that trainers take."""

from collections.abc import Mapping

PREFERENCES, PREFERENCE_MESSAGES = "preferences", "preference_messages"
PAIR_FORMATS = {
    PREFERENCES: "Pairs of a chosen and a rejected answer to one question: prompt, chosen, rejected as texts",
    PREFERENCE_MESSAGES: "The same pairs as lists of messages, to which TRL's DPOTrainer applies the chat template",
}
_ROLES = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}


def as_messages(pair: Mapping[str, str]) -> dict[str, object]:
    """Return a pair with its texts as conversations of one message each."""
    told = {name: [{"role": role, "content": pair[name]}] for name, role in _ROLES.items()}
    return {**pair, **told}
