"""Whether a place in a text that is still being written is within code or a JSON object. One text each, one thread."""

from utils.unwrapping import parsed


class Line:
    """Whether the text is within code: a fence, or a part of its last line between back ticks."""

    def __init__(self) -> None:
        self.fence = ""
        self._is_opening = False
        self._is_blank = True
        self._ticks = 0

    @property
    def in_code(self) -> bool:
        """True within a fence or between back ticks."""
        return bool(self.fence) or self._ticks % 2 == 1

    def passed(self, text: str) -> None:
        """Take *text*, without runs of three back ticks or tildes."""
        _, end, last = text.rpartition("\n")
        if end:
            self._is_blank, self._is_opening, self._ticks = True, False, 0
        self._is_blank = self._is_blank and not last.strip(" \t>*-.0123456789")
        self._ticks += last.count("`")

    def run(self, run: str) -> None:
        """Take a run of three signs or more: where a line begins with it, it opens or closes a fence."""
        if self.fence:
            # A fence whose first line has a second run is a piece of code within the line.
            if self._is_opening or (self._is_blank and run.startswith(self.fence)):
                self.fence = ""
        elif self._is_blank:
            self.fence, self._is_opening = run, True
        self._is_blank = False


class JsonObject:
    """A JSON object on its way: how deep it is, and from where on it is held back."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.held: list[str] = []
        self.is_doubted = False
        self._depth = 0
        self._in_string = False

    @property
    def is_sound(self) -> bool:
        """Whether all of it, up to here, is an object."""
        try:
            return isinstance(parsed("".join(self.parts)), dict)
        except (ValueError, RecursionError):
            return False

    def lexed(self, sign: str) -> bool:
        """Take a quotation mark or brace; True where it ends the object."""
        if sign == "quote":
            self._in_string = not self._in_string
        elif not self._in_string and sign in ("down", "up"):
            self._depth += 1 if sign == "down" else -1
        return self._depth == 0
