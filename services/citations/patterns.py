"""Citation formats of the four jurisdictions, as regular expressions.

Each pattern is linear: bounded repeats, no nested quantifiers. Sources of the
formats: OSCOLA 4th ed., The Bluebook, the Court's own citation rules, and the
practice directions on neutral citation.
"""

import re

_YEAR = r"(?:1[6-9]|20)\d\d"
_CAP = r"[A-Z][\w.'’&-]{0,30}"

NEUTRAL = (
    rf"\[{_YEAR}\]\s(?:UKSC|UKHL|UKPC|UKUT|UKFTT|UKEAT|EAT|EWCA\s(?:Civ|Crim)|EWHC|EWFC|EWCOP|CSIH|CSOH|HCJAC|NICA|NIQB|NIKB)"
    r"\s\d{1,5}(?:\s\([A-Za-z0-9]{1,9}\))?"
)
LAW_REPORT = (
    rf"\[{_YEAR}\]\s(?:\d{{1,2}}\s)?(?:AC|QB|KB|Ch|Fam|P|WLR|All\sER(?:\s\(Comm\))?|ICR|IRLR|Lloyd['’]s\sRep|BCLC|BCC|STC|FLR"
    r"|FCR|Cr\sApp\sR|EGLR|RPC|FSR|CMLR|ECR|ITLOS\sRep|ICJ\sRep|BLR|PNLR|EMLR)(?:\s\d{1,2})?\s(?:I-)?\d{1,5}"
)
OLD_REPORT = (
    rf"\({_YEAR}\)\s(?:LR\s)?\d{{1,3}}\s(?:App\sCas|QBD|Ch\sD|CPD|HL|Exch|Ex|E\s&\sB|El\s&\sBl|B\s&\sS|Ph|M\s&\sW|Beav|H\s&\sC|CB"
    r"|EHRR|ER|TLR|Cr\sApp\sR|P\s&\sCR|HLR|BHRC|RIAA|ILM)\s\d{1,5}"
)
STATUTE = (
    rf"{_CAP}(?:\s(?:{_CAP}|of|and|the|for|in|to|etc\.?,?|\([A-Z][\w\s&,'’-]{{1,60}}\))){{0,14}}\s(?:Act|Measure|Order|Rules|Regulations)"
    rf"\s{_YEAR}(?:,?\s(?:SI\s{_YEAR}/\d{{1,4}}))?"
    r"(?:,?\s(?:s|ss|section|sections|Sch|Schedule|reg|regs|art|r|para|Pt|Part)\.?\s?\d{1,4}[A-Z]{0,2}(?:\(\w{1,4}\)){0,4})?"
)
SECTION_OF = (
    r"(?:section|sections|regulation|article|schedule)\s\d{1,4}[A-Z]{0,2}(?:\(\w{1,4}\)){0,4}\sof\sthe\s"
    rf"{_CAP}(?:\s(?:{_CAP}|of|and|the|for|in|to)){{0,12}}\s(?:Act|Regulations|Order)\s{_YEAR}"
)
US_REPORTER = (
    r"\d{1,4}\s(?:U\.\s?S\.(?:\s\(\d\s[A-Z][a-z]{2,9}\.?\))?|S\.\s?Ct\.|L\.\s?Ed\.(?:\s?2d)?|F\.(?:2d|3d|4th)?|F\.\s?Supp\.(?:\s?[23]d)?|A\.(?:2d|3d)?"
    r"|P\.(?:2d|3d)?|N\.E\.(?:2d|3d)?|N\.W\.(?:2d)?|S\.E\.(?:2d)?|S\.W\.(?:2d|3d)?|So\.(?:\s?[23]d)?|Cal\.(?:\s?(?:2d|3d|4th|5th))?"
    r"|N\.Y\.(?:2d|3d)?|N\.J\.|Wis\.(?:\s?2d)?|Wash\.(?:\s?2d)?|Ill\.(?:\s?2d)?|Mass\.|Pa\.|Tex\.|Ohio\sSt\.(?:\s?[23]d)?|B\.R\.)\s\d{1,5}"
)
US_CODE = r"\d{1,2}\s(?:U\.S\.C\.(?:A\.)?|C\.F\.R\.)\s(?:§§?|[Ss]ec(?:tion|\.)|[Pp]art)?\s?\d{1,5}(?:[\w.-]{0,12}\w)?(?:\(\w{1,4}\)){0,4}"
US_OTHER = (
    r"U\.S\.\sConst\.\s(?:art|amend)\.\s[IVX]{1,6}(?:,\s§\s?\d{1,2})?|U\.C\.C\.\s§\s?\d{1,2}-\d{2,3}"
    r"|Fed\.\sR\.\s(?:Civ|Crim|App|Bankr)\.\sP\.\s\d{1,4}|Fed\.\sR\.\sEvid\.\s\d{3,4}"
    rf"|Restatement\s\((?:First|Second|Third)\)\sof\s{_CAP}(?:\s{_CAP}){{0,3}}\s§\s?\d{{1,3}}"
    r"|Del\.\sCode(?:\sAnn\.)?\stit\.\s\d{1,2},?\s§\s?\d{1,4}(?:\(\w{1,4}\)){0,4}"
    r"|(?:First|Second|Fourth|Fifth|Sixth|Eighth|Ninth|Tenth|Fourteenth)\sAmendment"
)
EU_ACT = (
    r"(?:Regulation|Directive|Decision|Framework\sDecision)\s(?:\((?:EU|EC|EEC|Euratom)\)\s)?(?:No\.?\s)?\d{1,4}/\d{1,4}"
    r"(?:/(?:EU|EC|EEC|JHA))?(?:,?\s(?:art|arts|Article|Articles|recital)\.?\s?\d{1,3}(?:\(\w{1,3}\)){0,3})?"
)
_ECLI = r"(?:ECLI:)?EU:[CTF]:\d{4}:\d{1,5}"
# A case with its name and ECLI behind it is one citation.
EU_CASE = (
    rf"(?:Joined\s)?Cases?\s(?:[CTF][-‑])?\d{{1,4}}/\d{{2}}(?:\s(?:PPU|DEP|P|R)\b)?(?:[^;\n]{{1,120}}?{_ECLI})?|{_ECLI}"
)
EU_TREATY = (
    r"(?:art|arts|Art|Article|Articles)\.?\s\d{1,3}(?:\(\w{1,3}\)){0,3}\s(?:TFEU|TEU|EC|GDPR|ECHR|ICCPR|ICESCR|UNCLOS|CFR|GATT)\b"
    r"|(?:Treaty\son\sthe\sFunctioning\sof\sthe\sEuropean\sUnion|Treaty\son\sEuropean\sUnion|TFEU|TEU|GDPR|ECHR|ICCPR|ICESCR|UNCLOS)"
    r",?\s(?:art|arts|Article)\.?\s\d{1,3}(?:\(\w{1,3}\)){0,3}"
)
TREATY = (
    rf"(?:{_CAP}\s(?:(?:{_CAP}|of|on|and|the|for|in|to|between)\s){{0,14}})?(?:Convention|Covenant|Statute|Charter|Agreement|Protocol|Rules|Law|GATT|Tariffs\sand\sTrade)"
    rf"(?:\s(?:{_CAP}|of|on|and|the|for|in|to|between)){{0,18}}(?:\s{_YEAR})?,?\s(?:art|arts|Article|Articles)\.?\s(?:\d{{1,3}}|[IVX]{{1,6}})\b"
    rf"|(?:art|Art|Article)\.?\s\d{{1,3}}(?:\(\w{{1,3}}\)){{0,2}}\sof\sthe\s{_CAP}(?:\s(?:{_CAP}|of|on|and|the|for|in|to)){{0,12}}"
)
INTERNATIONAL = (
    r"WT/DS\d{1,3}(?:/[A-Z]{1,3}\d?){0,3}|ICSID\sCase\sNo\.?\s(?:ARB|CONC)(?:\(AF\))?/\d{2}/\d{1,3}"
    r"|(?:ICC-\d{2}/\d{2}(?:-\d{2}/\d{2})?|ICTY-|IT-\d{2}|ICTR-\d{2}|SCSL-\d{2})[\w/-]{0,20}"
    r"|I\.?C\.?J\.?\sRep(?:orts)?\.?\s(?:\d{4},\s(?:p\.\s)?)?\d{1,4}|[Aa]pp(?:lication)?\.?\sno[s.]?\.?\s?\d{1,5}/\d{2}"
    r"|ECLI:CE:ECHR:\d{4}:\d{4}(?:JUD|DEC|ADV)\d{9}|\d{1,4}\sUNTS\s\d{1,4}|[SA]/RES/\d{1,4}(?:/\d{1,3}|\s?\(\w{1,5}\))?"
)

ALL = tuple(
    re.compile(pattern)
    for pattern in (
        NEUTRAL,
        LAW_REPORT,
        OLD_REPORT,
        SECTION_OF,
        STATUTE,
        US_CODE,
        US_OTHER,
        US_REPORTER,
        EU_ACT,
        EU_CASE,
        EU_TREATY,
        INTERNATIONAL,
        TREATY,
    )
)
