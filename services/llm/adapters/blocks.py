"""Gathers an answer that comes in blocks of text and of thought, whole or piece by piece."""

from services.llm.adapters.base import Listener, Piece

_BETWEEN_BLOCKS = "\n\n"


class Blocks:
    """What was said so far, text and thought apart. A listener is told each piece."""

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener
        self._said: dict[Piece, list[str]] = {"token": [], "thought": []}
        self._last: Piece | None = None
        self._parted = False

    @property
    def text(self) -> str:
        """The answer."""
        return "".join(self._said["token"])

    @property
    def thinking(self) -> str:
        """What was thought."""
        return "".join(self._said["thought"])

    def begin(self, kind: Piece | None) -> None:
        """Begin a block: thoughts of two blocks are apart, and texts that a thought divides; None for another kind."""
        self._parted = kind == "thought" or self._last != kind
        self._last = kind

    def add(self, kind: Piece, piece: str) -> None:
        """Add *piece* to the block of its *kind*."""
        if not piece:
            return
        if self._parted and self._said[kind]:
            piece = _BETWEEN_BLOCKS + piece
        self._parted = False
        self._said[kind].append(piece)
        if self._listener is not None:
            self._listener(kind, piece)
