"""Looks for patterns where they may begin, not at every sign of a text."""

import re
from collections.abc import Iterator


def found_at(starts: re.Pattern[str], whole: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield what `whole.finditer(text)` yields, which is tried only where *starts* matches.

    Args:
        starts: Matches wherever a match of *whole* may begin; it should begin with a set of signs, to which `re` skips.
        whole: A pattern that begins with an assertion, and would be tried at every sign.
        text: Where to look.
    """
    done = 0
    for start in starts.finditer(text):
        if start.start() < done:
            continue
        match = whole.match(text, start.start())
        if match is not None:
            yield match
            done = match.end()
