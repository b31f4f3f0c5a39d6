"""What touches a citation and was not read: no verdict may rest on a part of what stands there."""

import re

_ORDINAL = r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|final|last|introductory)"
_UNIT = (
    r"(?:sub-?)?(?:sections?|secs?|paragraphs?|paras?|articles?|arts?|schedules?|scheds?|schs?|parts?|pts?|chapters?|chs?"
    r"|titles?|tit|annex(?:es)?|appendi(?:x|ces)|app|recitals?|regulations?|regs?|rules?|rr?|clauses?|cls?|points?"
    r"|indents?|sentences?|divisions?|divs?|notes?|nn?|protocols?|items?|tables?|ss?)\b\.?|§{1,2}|¶{1,2}"
)
_NUMBER = r"(?:No\.?\s)?(?:\d|\([a-z\d]{1,5}\)|[IVXLC]{1,7}\b|[A-Z]{1,5}\d{0,4}\b)"
# A letter, a digit or a bracket that runs on from the last sign of a reference.
_GLUED = re.compile(
    r"\w|/(?=\w)|[-:](?=\d|\(\w|[A-Za-z]\b|[A-Z]{2,3}\b|[A-Za-z]{1,2}\d)|\.(?=\d)|\((?=\w{1,6}\))|\[(?=\w)"
)
# An identifier that no format could read: "EU:C:2014:317A".
_IDENTIFIER = re.compile(r"[\s,(]{0,2}(?:ECLI:)?[A-Z]{2}:[A-Z]{1,7}:\d")
# A number of the same authority that no format could read: ", SI 1998/1833Q", ", [2015] AC 1619Q".
_BROKEN = re.compile(
    r",?\s\(?(?:S\.?I\.?\s\d{4}/\d|\[\d{4}\]\s(?:\d\s)?[A-Z][A-Za-z. ]{0,12}\s(?:I{1,2}-)?\d{1,5}[A-Za-z])|\s(?:et\sseq|ff)\b"
)
_GLUED_AHEAD = re.compile(r"[^\W_]$|\d[-/.,]$")
_PINPOINT = re.compile(
    rf"[\s,(;:-]{{0,3}}(?:(?:and|or|to|through|&|read\swith)\s)?(?:the\s)?(?:(?i:{_UNIT})\s?{_NUMBER}|{_ORDINAL}\s(?i:{_UNIT})|(?i:preamble|annex|appendix|app\.|schedule)(?!\w))"
)
_GOES_ON = re.compile(
    r"\s?(?:,\s?|,?\s(?:and|or|to|through|&)\s|-\s?)(?:§{1,2}\s?)?\d{1,5}[A-Za-z]{0,3}(?:\(\w{1,5}\)){0,4}(?=$|[,.;:)]|\s(?:and|or|of|to|through)\b)"
    r"|,?\s(?:and|or|to|through|&)\s(?:§{1,2}\s?)?\d{1,6}(?!\w)(?!\s[A-Z])"
)
_PINPOINT_AHEAD = re.compile(
    rf"(?:(?i:{_UNIT})\s?{_NUMBER}[^.;:]{{0,60}}?|{_ORDINAL}\s(?i:{_UNIT})[^.;:]{{0,20}}?|\b(?i:preamble|annex|appendix|schedule)),?\s(?:of|to|in|under)\s(?:the\s)?$"
    rf"|(?i:{_UNIT})\s?\d[\w().-]*,\s$"
    r"|\bProtocols?(?:\s(?:No\.?\s?)?\d{1,2})?(?:,|\s(?:to|of)(?:\sthe)?)?\s?$"
)
_REACH, _SHORT_REACH = 90, 24
# Whatever a pinpoint ahead of a citation ends with.
_LEADS = (", ", *(f" {word} {the}" for word in ("of", "to", "in", "under") for the in ("", "the ")))


def unread(text: str, start: int, end: int, *, has_provisions: bool) -> str:
    """Return what touches the citation at *start* to *end* and is no part of it; "" if nothing does.

    Args:
        text: The text from the end of the citation before it to the beginning of the one behind it.
        start: Where the citation begins in *text*.
        end: Where it ends.
        has_provisions: Sections, articles and the like may stand beside it: it is law, not a case.
    """
    ahead, behind = text[max(0, start - _REACH) : start], text[end : end + _REACH]
    patterns = [
        (_GLUED, behind, True),
        (_IDENTIFIER, behind, True),
        (_BROKEN, behind, True),
        (_GLUED_AHEAD, ahead, False),
    ]
    if has_provisions and (ahead.endswith(_LEADS) or "rotocol" in ahead[-_SHORT_REACH:]):
        patterns.append((_PINPOINT_AHEAD, ahead, False))
    if has_provisions:
        patterns += [(_PINPOINT, behind, True), (_GOES_ON, behind, True)]
    for pattern, beside, is_behind in patterns:
        found = pattern.match(beside) if is_behind else pattern.search(beside)
        if found is not None:
            return " ".join(found.group().split()).strip(" ,;(") or found.group().strip()
    return ""
