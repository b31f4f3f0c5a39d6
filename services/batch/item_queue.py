"""The items of one batch that wait for a worker of this process, taken from the work table some at a time."""

import threading
from collections import deque
from collections.abc import Callable, Set

from models.batches.work_item import WorkItem

# Takes up to so many items that no process has in hand.
Claim = Callable[[int], list[WorkItem]]


class ItemQueue:
    """What is to be done, in order. Thread-safe."""

    def __init__(self, claim: Claim, at_once: int, renounce: Callable[[], None] | None = None) -> None:
        """Take items by *claim*, *at_once* of them: few where other processes want some too.

        *renounce* gives back all that this process has in hand and does not work on: where a claim that failed may have
        been kept all the same.
        """
        self._claim = claim
        self._renounce = renounce
        self._at_once = at_once
        self._is_in_doubt = False
        self._items: deque[WorkItem] = deque()
        self._all_read = False
        self._lock = threading.Lock()

    def take(self, skip: Set[str] = frozenset()) -> WorkItem | None:
        """Take the next item whose circuit is not in *skip*; None when there is none.

        Raises:
            StorageError: the table cannot be read.
        """
        with self._lock:
            looked_at = 0
            while True:
                for place in range(looked_at, len(self._items)):
                    if self._items[place].job.circuit not in skip:
                        item = self._items[place]
                        del self._items[place]
                        return item
                if self._all_read:
                    return None
                looked_at = 0 if self._is_in_doubt else len(self._items)
                self._read()

    def put_back(self, item: WorkItem, last: bool = False) -> None:
        """Put back an item that was not done: first in line, or *last* when others should go before."""
        with self._lock:
            if last:
                self._items.append(item)
            else:
                self._items.appendleft(item)

    def look_again(self) -> None:
        """An item was added to the table, or another process may have put some back."""
        with self._lock:
            self._all_read = False

    def is_empty(self) -> bool:
        """Say whether nothing is left; reads the table if need be."""
        with self._lock:
            if not self._items and not self._all_read:
                self._read()
            return not self._items

    def _read(self) -> None:
        if (
            self._is_in_doubt and self._renounce is not None
        ):  # items that were claimed after all would wait for a worker that does not know of them
            self._renounce()
            self._items.clear()
        self._is_in_doubt = True
        items = self._claim(self._at_once)
        self._is_in_doubt = False
        self._all_read = len(items) < self._at_once
        self._items.extend(items)
