r"""Mends the backslashes of JSON that a model wrote: those of LaTeX are text, though JSON reads some as escapes.

`\frac`, `\beta`, `\times`, `\nu` and `\rho` begin like the escapes of JSON; `\alpha` and `\(` like none, and are
no JSON at all. Pure functions.
"""

import re

# One escape: a character's number, a letter's run, or any other character; so a doubled backslash is one too.
_ESCAPE = re.compile(
    r"\\(?:u[0-9A-Fa-f]{4}|x(?P<hex>[0-9A-Fa-f]{2})(?![A-Za-z])|(?P<word>[A-Za-z]+)|(?P<sign>.))", re.DOTALL
)
_OF_JSON = '"\\/'
# Commands that begin like a line end, a carriage return or a tab (CTAN: lshort, symbols-a4).
_COMMANDS = frozenset(
    "nabla natural ncong ne nearrow neg neq newcommand newenvironment newline newpage nexists ngeq ngtr ni nleftarrow"
    " nleq nless nmid nobreak nocite noindent nolimits nolinebreak nonumber normalsize not notin nparallel nprec"
    " nrightarrow nsim nsubseteq nsucc nsupseteq nu nwarrow"
    " raggedleft raggedright raisebox rangle rbrace rbrack rceil ref renewcommand rfloor rgroup rho right rightarrow"
    " rightharpoonup rightleftharpoons rm rmfamily root rule rvert"
    " tableofcontents tag tan tanh tau text textasciitilde textbf textcolor textit textnormal textrm textsc textsection"
    " textsf textsl texttt textup textwidth tfrac thanks therefore theta thickapprox thicksim tilde times tiny title to"
    " today top toprule triangle triangledown triangleleft triangleright tt twoheadrightarrow".split()
)
# What may as well be a word at the beginning of a line: taken for a command only beside other mathematics.
_WORDS = frozenset({"ne", "neg", "ni", "nu", "rm", "tan", "to", "tt"})
_MATHEMATICS = re.compile(
    r"\$|\\\\?[(\[]|\\\\?(?:alpha|beta|gamma|delta|frac|d?frac|sum|int|sqrt|theta|times|cdot|leq|geq)\b"
)
_SHORTEST = 3


def mended(source: str) -> str:
    """Return the JSON *source* with every backslash that is text written twice."""
    if "\\" not in source:
        return source

    def escape(match: re.Match[str]) -> str:
        whole = match.group()
        if match["hex"]:
            return f"\\u00{match['hex']}"
        word, sign = match["word"], match["sign"]
        if word is not None:
            following = source[match.end() : match.end() + 1]
            return f"\\{whole}" if _is_text(word, following, source) else whole
        if sign == "'":
            return sign
        if sign == "\n":  # a line that goes on, as in a script
            return sign
        return f"\\{whole}" if sign is not None and sign not in _OF_JSON else whole

    return _ESCAPE.sub(escape, source)


def _is_text(word: str, following: str, source: str) -> bool:
    """Tell whether a backslash before *word* is one, rather than the escape of the word's first letter."""
    if word[0] not in "bfnrt":
        return True
    if len(word) == 1:
        return False
    if word[0] in "bf" or (following == "{" and len(word) >= _SHORTEST):
        return True
    if word not in _COMMANDS:
        return False
    return word not in _WORDS or (following not in (".", ")", "'") and _is_mathematical(word, following, source))


def _is_mathematical(word: str, following: str, source: str) -> bool:
    return following in ("_", "^", "$", "\\", "=") or word in {"nu", "to"} or _MATHEMATICS.search(source) is not None
