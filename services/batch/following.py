"""Follows one batch among the messages about all of them, for who renders it and not the messages.

Used by the thread of one listener; `close` may be called from any.
"""

from collections.abc import Callable, Iterator

import orjson

from services.streams.broker import Subscription

# Where a message names its batch: ahead of the batch object.
_HEAD = 400


class Following:
    """What one listener hears of one batch."""

    def __init__(self, subscription: Subscription, leave: Callable[[Subscription], None], batch_id: str) -> None:
        """Listen to *subscription*, which *leave* gives back."""
        self._subscription = subscription
        self._leave = leave
        self._name = b'"batch_id":' + orjson.dumps(batch_id)

    def changes(self, quiet_s: float) -> Iterator[bool]:
        """Yield True after each change of the batch, several at once as one; False after each silence of *quiet_s*.

        Ends when the service does, or when the listener was too slow.
        """
        is_changed = False
        for message in self._subscription.messages(quiet_s):
            is_silence = message.startswith(b":")
            is_changed = is_changed or (not is_silence and self._name in message[:_HEAD])
            if is_changed and not self._subscription.is_behind:
                is_changed = False
                yield True
            elif is_silence:
                yield False

    def close(self) -> None:
        """Stop listening; doing it twice is fine."""
        self._leave(self._subscription)
        self._subscription.end()
