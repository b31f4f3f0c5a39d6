"""What each model does not take of a request, learnt from its refusals; known until its provider is changed."""

import threading
from collections.abc import Collection
from dataclasses import dataclass, replace

from utils.error_parameters import JSON_SCHEMA, PARAMETERS

# What a request can do without.
_OPTIONAL = frozenset({*PARAMETERS, JSON_SCHEMA})


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a model takes.

    Attributes:
        left_out: Parameters that it refused.
        most_tokens: The longest answer that it allows, or None.
    """

    left_out: frozenset[str] = frozenset()
    most_tokens: int | None = None


class AcceptedParameters:
    """What the models take, by target. Thread-safe."""

    def __init__(self) -> None:
        self._by_target: dict[str, Accepted] = {}
        self._lock = threading.Lock()

    def of(self, target: str) -> Accepted:
        """Return what *target* ("provider/model") takes."""
        return self._by_target.get(target, _EVERYTHING)

    def learn(self, target: str, sent: Accepted, refused: Collection[str], most_tokens: int | None) -> bool:
        """Note what *target* refused; True when the next request will differ from the one that was *sent*.

        A length that is too large is sent smaller; one whose name is refused, by its other name. In place of a schema
        that is refused plain JSON is asked for, and where that is refused too, nothing.
        """
        with self._lock:
            known = self.of(target)
            if most_tokens is not None:
                known = replace(known, most_tokens=most_tokens)
            else:
                was_plain = JSON_SCHEMA in sent.left_out
                names = {"response_format" if name == JSON_SCHEMA and was_plain else name for name in refused}
                known = replace(known, left_out=known.left_out | (_OPTIONAL & names))
            self._by_target[target] = known
            return known != sent

    def adapts(
        self, target: str, left_out: frozenset[str], max_tokens: int, refused: Collection[str], most_tokens: int | None
    ) -> bool:
        """Note what a request without *left_out* and of *max_tokens* was refused for; as `learn`."""
        known = self.of(target).most_tokens
        return self.learn(target, Accepted(left_out, known if known == max_tokens else None), refused, most_tokens)

    def shortens(self, target: str, left_out: frozenset[str], max_tokens: int, least: int) -> bool:
        """Have answers of a third less asked for, of *least* tokens at least, since *max_tokens* are too many.

        A vendor reserves what was asked for before a word is written; it is far more than most answers take.
        """
        shorter = max(least, max_tokens * 2 // 3)
        if shorter >= max_tokens:
            return False
        known = self.of(target).most_tokens or shorter
        return self.learn(target, Accepted(left_out), (), min(shorter, known))

    def forget(self, provider: str) -> None:
        """Forget what is known of the models of *provider*."""
        with self._lock:
            for target in [name for name in self._by_target if name.partition("/")[0] == provider]:
                del self._by_target[target]


_EVERYTHING = Accepted()
