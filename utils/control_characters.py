r"""Puts right control characters in texts that are to be stored.

They come from a command of LaTeX whose backslash a JSON reader took for an escape (`\frac` became a form feed and
"rac"), from texts of code page 1252 read as Latin-1, or from terminals. Line ends and tabs are no fault.
"""

import re

# What a reader of JSON makes of \b and \f; nobody writes a backspace or a form feed before a letter.
_CUT = re.compile(r"[\x08\x0c](?=[A-Za-z])")
_LETTER = {"\x08": "b", "\x0c": "f", "\t": "t", "\r": "r"}
# The rest of a command behind a tab or carriage return; none of these is a word.
_REST = re.compile(
    r"\t(?=(?:ext(?:bf|it|rm|tt|sc|sf|up|normal|color|section)?\{|(?:imes|heta|ilde|herefore|frac|riangle\w*)(?![a-z])))"
    r"|\r(?=(?:ho|ightarrow|ceil|floor)(?![a-z]))"
)
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# What may have to be put right; also for engines of regular expressions that cannot look ahead.
SUSPECT = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|[\t\r][a-z]"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def put_right(text: str) -> str:
    """Return *text* with its commands of LaTeX restored and no control character but tab and line ends."""
    if _CONTROL.search(text) is None and "\t" not in text and "\r" not in text:
        return text
    text = _CUT.sub(_restored, text)
    text = _REST.sub(_restored, text)
    return _CONTROL.sub(_as_1252, _TERMINAL.sub("", text))


def _restored(match: re.Match[str]) -> str:
    return "\\" + _LETTER[match.group()]


def _as_1252(match: re.Match[str]) -> str:
    code = ord(match.group())
    return bytes([code]).decode("cp1252", "ignore") if code >= 0x80 else ""
