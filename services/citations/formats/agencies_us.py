"""What agencies, special courts, Congress and professional bodies of the United States number by themselves.

Forms: The Bluebook, 21st ed., rules 10.8, 13 and 14, and table 1.2. None of these numbers can be checked here.
"""

import re
from collections.abc import Iterator

from models.contract.answers.quality import CitationKind
from services.citations.citation import Citation, Cite, Finding, unverified
from services.citations.formats.common import future
from services.citations.reference import Reference

NAME = "us_agency"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_SECTION = r"(?>\d{1,4}[A-Z]{0,2}(?:[.-]\d{1,5}[A-Z]{0,2}){0,4}(?:\(\w{1,5}\)){0,6})"
_TAX_COURT = (
    r"\bT\.?\s?C\.?\s(?:Memo\.?|Summ\.?\sOp\.?|Summary\sOpinion)\s(?:\((?:CCH|RIA|P-H)\)\s)?" + _YEAR + r"-\d{1,3}\b"
)
# Paragraphs of a service: 139 FERC ¶ 61,020.
_PARAGRAPH = (
    r"(?<![\w.-])\d{1,4}(?:-\d{1,4})?\s[A-Z][A-Za-z.&]{0,12}(?:\s(?:[A-Z][A-Za-z.&]{0,12}|&|\([A-Z]{2,4}(?:-H)?\))){0,5}"
    r"\s¶{1,2}\s?(?:\d{1,3},\d{3}|\d{3,7})\b"
)
_NUMBERED = r"(?<![\w.])\d{1,3}\s(?:N\.?L\.?R\.?B\.?|T\.?C\.?|I\.?C\.?C\.?2?d?)\s(?:[Nn]o\.|slip\sop\.)\s?\d{1,3}\b"
_ORDER = r"\b(?:Exec(?:utive|\.)\sOrder|E\.O\.|Proclamation|Proc\.)\s(?:[Nn]o\.?\s)?\d{1,2},?\d{3}\b"
_REVENUE = (
    rf"\b(?:Rev\.\s(?:Rul|Proc)\.|(?:I\.?R\.?S\.?\s)?(?:Notice|Announcement)|P\.?L\.?R\.?|T\.?A\.?M\.?)\s{_YEAR}-\d{{1,3}}(?:-\d{{1,3}})?\b"
    r"|\bRev\.\s(?:Rul|Proc)\.\s\d\d-\d{1,3}\b|\bT\.D\.\s\d{4,5}\b"
)
_TREASURY = rf"\b(?:(?:Prop|Temp)\.\s){{0,2}}Treas\.\sReg\.\s§{{1,2}}\s?{_SECTION}"
_CONGRESS = (
    r"\b(?:H\.\s?R\.|S\.)\s(?:Conf\.\s)?(?:Rep|Doc|Exec\.\sRep|Res|J\.\sRes|Con\.\sRes)\.\s(?:No\.\s)?\d{1,3}(?:-\d{1,4})?\b"
    r"|\b(?:H\.\s?R\.|S\.)\s\d{1,5}(?=,\s\d{1,3}(?:st|d|nd|rd|th)\sCong)|\b\d{1,3}\sCong\.\sRec\.\s[HSE]?\d{1,3},?\d{0,3}\b"
)
_SECURITIES = r"\b(?:(?:Exchange|Securities|Investment\s(?:Company|Advisers))\sAct\s|SEC\s)?Rel(?:ease|\.)\s(?:No\.\s)?(?:33|34|35|39|IA|IC)-\d{3,6}\b"
_GUIDELINES = r"\b(?:U\.?S\.?S\.?G\.?|U\.S\.\sSentencing\sGuidelines(?:\sManual)?)\s§{1,2}\s?(?P<section>(?>\d[A-Z]\d\.\d{1,2}(?:\(\w{1,4}\)){0,5}))"
_RULES = (
    r"\b(?:FINRA|NASD|NYSE|MSRB|Nasdaq)\sRules?\s(?>\d{1,4}[A-Z]?(?:\(\w{1,3}\)){0,4})|\bSup\.\sCt\.\sR\.\s(?>\d{1,2}(?:\.\d)?)"
    r"|\bModel\sRules\sof\sProf(?:essional|'l)\sConduct\sr(?:ule|\.)?\s\d\.\d{1,2}(?:\(\w\)){0,3}"
)
_ETHICS = r"\bABA\s(?:Comm\.\son\sEthics\s&\sProf'l\sResponsibility,\s)?(?:Formal|Informal)\sOp(?:inion|\.)\s(?:No\.\s)?(?:\d\d-)?\d{2,4}(?:\s\(\d{4}\))?"
_BANKING = r"\bReg(?:ulation|\.)\s(?:AC|BB|BI|CC|DD|FD|NMS|SHO|S-[KPTX]|A|B|C|D|E|F|G|H|J|M|O|Q|S|T|U|V|W|X|Y|Z)(?![\w-])(?!\s\(E)"
_FORMS: tuple[tuple[re.Pattern[str], CitationKind, tuple[str, ...]], ...] = (
    (re.compile(_TAX_COURT), "case", ("C. ", "C ")),
    (re.compile(_PARAGRAPH), "case", ("¶",)),
    (re.compile(_NUMBERED), "case", (" No.", " no.", " slip")),
    (re.compile(_ORDER), "regulation", ("Order", "E.O.", "Proc")),
    (re.compile(_REVENUE), "regulation", ("Rev.", "Notice", "Announcement", "T.D.", "L.R.", "PLR", "A.M.", "TAM")),
    (re.compile(_TREASURY), "regulation", ("Treas.",)),
    (re.compile(_CONGRESS), "statute", ("Rep.", "Cong.", "Doc.", "Res.")),
    (re.compile(_SECURITIES), "regulation", ("Rel",)),
    (re.compile(_GUIDELINES), "regulation", ("S.G", "SSG", "Guidelines")),
    (re.compile(_RULES), "regulation", ("Rule", "Sup. Ct. R.")),
    (re.compile(_ETHICS), "regulation", ("ABA",)),
    (re.compile(_BANKING), "regulation", ("Reg",)),
)


def find(text: str, _reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    for pattern, kind, hints in _FORMS:
        for match in pattern.finditer(text) if any(hint in text for hint in hints) else ():
            parts = {name: value for name, value in match.groupdict().items() if value}
            yield Cite(NAME, match.start(), match.end(), kind, "us", match.group(), parts)


def check(cite: Cite, citation: Citation, _reference: Reference) -> Finding | None:
    """Say that these numbers cannot be checked, unless the year is to come."""
    year = int(cite.parts.get("year") or citation.year or 0)
    return future(year) or unverified("agency_number", f"{cite.normalized}: this number cannot be checked here")
