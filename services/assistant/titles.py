"""What a session is called: its first query, cut at a word. Pure functions."""

from services.drafts.thinking import split_thinking

_LONGEST = 60


def title_of(query: str) -> str:
    """Return the title of a session that begins with *query*; "" if nothing but thoughts is in it."""
    return shortened(" ".join(split_thinking(query)[0].split()), _LONGEST)


def shortened(text: str, longest: int) -> str:
    """Return *text*, cut behind a word so that it has at most *longest* characters, its mark of the cut included."""
    if len(text) <= longest:
        return text
    room = text[:longest]  # one character more than may stay: a blank there ends a word
    kept = room.rpartition(" ")[0].rstrip(" ,;:.-–") or text[: longest - 1]
    return f"{kept}…"
