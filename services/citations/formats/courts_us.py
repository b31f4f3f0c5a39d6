"""Courts of the United States beside a reference: whether they exist, sat in that year and are reported in that series.

Names and years come from courts-db (Free Law Project). Form: The Bluebook, 21st ed., rule 10.4 and table 7.
"""

import re
from functools import lru_cache

from services.citations.citation import Citation, Finding, invalid

# At the beginning: "Mich. 12th Cir." is a court of that state.
_CIRCUIT = re.compile(r"^(\d{1,2})(?:st|d|nd|rd|th)\s+Cir", re.IGNORECASE)
_LAST_CIRCUIT = 11
_FEDERAL_APPEALS = frozenset({"F.2d", "F.3d", "F.4th"})
_DISTRICT = frozenset({"F. Supp.", "F. Supp. 2d", "F. Supp. 3d"})
_SUPREME = frozenset({"U.S.", "S. Ct.", "L. Ed.", "L. Ed. 2d"})
# The courts of 1984 took over the work of those of the Act of 1978.
_BANKRUPTCY_FROM = 1979
# Districts of the states that have several, and states that have one, as they are since 28 U.S.C. §§ 81-131 was last
# changed in that respect.
_DISTRICTS_FROM = 1983
_DISTRICTS = {
    "ala.": "nms", "ark.": "ew", "cal.": "necs", "fla.": "nms", "ga.": "nms", "ill.": "ncs", "ind.": "ns", "iowa": "ns",
    "ky.": "ew", "la.": "emw", "mich.": "ew", "miss.": "ns", "mo.": "ew", "n.y.": "nsew", "n.c.": "emw", "ohio": "ns",
    "okla.": "new", "pa.": "emw", "tenn.": "emw", "tex.": "nsew", "va.": "ew", "w.va.": "ns", "wash.": "ew",
    "wis.": "ew",
    **dict.fromkeys(
        "alaska ariz. colo. conn. del. haw. idaho kan. me. md. mass. minn. mont. neb. nev. n.h. n.j. n.m. n.d. or. r.i. "
        "s.c. s.d. utah vt. wyo.".split(),
        "",
    ),
}  # fmt: skip
_DISTRICT_COURT = re.compile(r"(?P<direction>[nsewmc])\.d\.(?P<state>[a-z.]{2,6})$")


def court_clash(series: str, citation: Citation) -> Finding | None:
    """Return a fault if the court beside *citation* does not exist or is not reported in *series*, or None."""
    court = citation.court
    circuit = _CIRCUIT.search(court)
    if circuit and not 1 <= int(circuit.group(1)) <= _LAST_CIRCUIT:
        return invalid(
            "unknown_court", f"there are circuits 1 to {_LAST_CIRCUIT}, D.C. and Federal, not {circuit.group(1)}"
        )
    if not court:
        return None
    short = _short(court)
    if (clash := _district_clash(court, short, citation.year)) is not None:
        return clash
    span = _courts().get(short)
    if span is not None and citation.year is not None and not span[0] - 1 <= citation.year <= span[1] + 1:
        return invalid(
            "before_court" if citation.year < span[0] else "after_court", f"{court} sat from {span[0]} to {span[1]}"
        )
    appeals = "Cir" in court
    if (series in _SUPREME and appeals) or (series in _DISTRICT and appeals and citation.year and citation.year > 1950):
        return invalid("court_mismatch", f"{series} does not report {court}")
    if (
        series in _FEDERAL_APPEALS
        and re.search(r"^[SNEWMCD]{1,2}\.\s?D\.|Sup(?:er)?\. ?Ct|^D\.\s", court)
        and (citation.year or 0) > 1940
    ):
        return invalid("court_mismatch", f"{series} reports federal courts of appeals, not {court}")
    return None


def _district_clash(court: str, short: str, year: int | None) -> Finding | None:
    """Return a fault if the state of a federal district *court* has no such district, or None."""
    match = _DISTRICT_COURT.match(short)
    if match is None or year is None or year < _DISTRICTS_FROM or short in _courts():
        return None
    has = _DISTRICTS.get(match["state"])
    if has is None or match["direction"] in has:
        return None
    known = ", ".join(f"{direction.upper()}.D." for direction in has) or "D."
    return invalid("unknown_court", f"there is no {court}; that state has {known}")


def _short(court: str) -> str:
    return re.sub(r"\s", "", court).casefold()


@lru_cache(maxsize=1)
def _courts() -> dict[str, tuple[int, int]]:
    """Return first and last year of the courts of courts-db, by the short form used in citations."""
    import courts_db

    table: dict[str, tuple[int, int]] = {}
    for court in courts_db.courts:
        short = _short(court.get("citation_string") or "")
        begins = _BANKRUPTCY_FROM if short.startswith("bankr.") else None
        years = [int(date["start"][:4]) for date in court.get("dates", []) if date.get("start")]
        ends = [int(date["end"][:4]) for date in court.get("dates", []) if date.get("end")]
        still = any(not date.get("end") for date in court.get("dates", []))
        if short and years:
            span = (begins or min(years), 9999 if still or not ends else max(ends))
            known = table.get(short, span)
            table[short] = (min(span[0], known[0]), max(span[1], known[1]))
    return table
