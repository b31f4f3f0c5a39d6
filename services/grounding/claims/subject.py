"""What a claim says, without the words by which it names its provision.

The words of a citation ("section 7 of the Public Order Act 2023") are no part of the rule: they would meet the
provision's own words, and their numbers its numbers. They are blanked, so that positions stay.
"""

import re

_PARTS = (
    r"(?:\s?\((?:\d{1,3}|[a-z]{1,5}|[A-Z]{1,3})\)"
    r"|,?\s(?:para(?:graph|\.)?s?|point|subsection|section|cl(?:ause|\.)?)\s[\w(]{1,6}\)?)*"
)
_NUMBER = r"(?:\d{1,4}[A-Za-z]{0,3}|[IVXL]{1,6})\b" + _PARTS
_WITH_WORD = (
    r"(?:\b(?:[Aa]rticles?|[Aa]rts?\.|[Ss]ections?|[Ss]ubsections?|[Ss]s?\.|[Ss]ecs?\.|[Rr]ules?"
    r"|[Rr]ecitals?|[Pp]aragraphs?"
    r"|[Rr]eg(?:ulation|\.)?)\s?|§§?\s?)" + _NUMBER + rf"(?:(?:\s?(?:,|and|or|to|-|–)\s?){_NUMBER})*"
)
_CODE = r"\b\d{1,2}\sU\.?\s?S\.?\s?C(?:ode|\.)?\s?(?:§§?\s?)?(?:\d{1,5}[a-z]?)" + _PARTS
# A title: capital letters, and small words only between them.
_SMALL = r"(?:of|on|the|and|for|to|in|against|relating|with|by)"
_CAPITAL = r"(?:[A-Z][\w’'.-]*|\([A-Z][^)]{0,60}\)|\((?:EU|EC|EEC)\)|No\.?|\d+(?:/\d+)*(?:/[A-Z]{2,4})?)"
_TITLE = (
    rf"(?:,?\s(?:of|to|in|under)(?:\sthe)?)?\s{_CAPITAL}(?:\s(?:{_SMALL}\s){{0,3}}{_CAPITAL}){{0,14}}(?:\sbis|\ster)?"
)
_CITED = re.compile(rf"(?:{_CODE}|{_WITH_WORD})(?:{_TITLE})?")
_TITLE_LEFT = re.compile(r"\bTt{3,}\b")


def said(claim: str, title: str = "") -> str:
    """Return *claim* with blanks of the same length for its citations.

    Args:
        claim: A sentence, or a text of the law.
        title: The instrument's, as far as known: where it stands alone it is blanked as well.
    """
    text = re.sub(rf"(?:(?<=[a-z:;,.(]\s)|^){re.escape(title)}", _titled, claim) if title else claim
    return _TITLE_LEFT.sub(_blank, _CITED.sub(_blank, text))


def _titled(found: re.Match[str]) -> str:
    """Return a title in a form that is read as one word: commas in it would end it."""
    return "T" + "t" * (len(found[0]) - 1)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])
