"""The ladder: form, time, range, self-consistency, index. The first contradiction decides.

`verified` means that the index has it, `invalid` that a step contradicts it, `unverified` that
nothing contradicts or confirms it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from services.citations.added_law import OVERRIDDEN, finding_of
from services.citations.citation import (
    VERDICTS,
    Citation,
    Cite,
    Finding,
    Verdict,
    fold_cite,
    invalid,
    unverified,
    verified,
)
from services.citations.formats import (
    agencies_us,
    constitution_us,
    courts_us,
    ecli,
    european,
    international,
    legislation_uk,
    legislation_us,
    reports,
    reports_us,
    special_us,
    state_codes,
    treaties,
)
from services.citations.names import Likeness, compare, has_two_telling_parties, is_same_case, is_telling, words_of
from services.citations.reference import Known, Reference

Check = Callable[[Cite, Citation, Reference], Finding | None]
_CHECKS: dict[str, Check] = {
    reports.NAME: reports.check,
    reports_us.NAME: reports_us.check,
    legislation_uk.NAME: legislation_uk.check,
    legislation_us.NAME: legislation_us.check,
    constitution_us.NAME: constitution_us.check,
    state_codes.NAME: state_codes.check,
    agencies_us.NAME: agencies_us.check,
    special_us.NAME: special_us.check,
    ecli.NAME: ecli.check,
    european.ACT: european.check_act,
    european.CASE: european.check_case,
    european.CELEX: european.check_celex,
    treaties.NAME: treaties.check,
    treaties.SERIES: treaties.check_series,
    international.ECHR: international.check_echr,
    international.OTHER: international.check,
}
# How many years after its decision a case may be reported.
_REPORTED_LATER, _REPORTED_ABROAD = 2, 5
# How many years the stages of one case may lie apart.
_STAGES_APART = 10
# Digits of a number that hardly two cases of one name share.
_LONG_NUMBER = 5


def verify(citation: Citation, reference: Reference) -> Finding:
    """Return what is known of *citation*."""
    meant = citation.stands_for
    found = verify(meant, reference) if meant is not None else _by_added_law(citation, reference)
    if found.verdict is Verdict.VERIFIED and citation.unread:
        return unverified(
            "partly_read", f"{found.matched} is known, but not what stands beside it: {citation.unread}", found.matched
        )
    return found


def _by_added_law(citation: Citation, reference: Reference) -> Finding:
    """Judge *citation*; where its law was added, the text of it knows its provisions better than the tables."""
    found = _judge(citation, reference)
    if citation.kind == "case" or (found.verdict is Verdict.INVALID and found.code not in OVERRIDDEN):
        return found
    added = [one for cite in citation.cites if (one := finding_of(cite, reference.added)) is not None]
    if not added:
        return found
    worst = _worst(added)
    return replace(worst, ended=worst.ended or found.ended)


def _judge(citation: Citation, reference: Reference) -> Finding:
    # An entry of the index overrides the rules: some numbers were given in retrospect.
    known = {cite.key: reference.find(cite.key) for cite in citation.cites} if citation.kind == "case" else {}
    doubtful = [cite for cite in citation.cites if not known.get(cite.key) or cite.parts.get("ecli")]
    findings = [found for cite in doubtful if (found := _CHECKS[cite.format](cite, citation, reference))]
    bad = [finding for finding in findings if finding.verdict is Verdict.INVALID]
    bad += [clash for cite in citation.cites if (clash := _court_clash(cite, citation))]
    if bad:
        return bad[0]
    if citation.kind != "case":
        return _worst(findings) if findings else _from_index(citation, reference)
    return _of_case(citation, reference, findings, known)


def _court_clash(cite: Cite, citation: Citation) -> Finding | None:
    return courts_us.court_clash(cite.parts["series"], citation) if cite.format == reports_us.NAME else None


def compare_known(citation: Citation, known: list[Known], reference: Reference) -> Finding:
    """Compare *citation* with the authorities *known* by its references."""
    if citation.kind != "case":
        return verified(known[0].label)
    return _compare(citation, known, [], reference)


def _worst(findings: Iterable[Finding]) -> Finding:
    return max(findings, key=lambda finding: VERDICTS.index(finding.verdict))


def _from_index(citation: Citation, reference: Reference) -> Finding:
    """Look up a statute or treaty among the authorities that users imported."""
    for cite in citation.cites:
        known = reference.find(cite.key)
        if known:
            return verified(known[0].label)
    return unverified("not_in_index", f"{citation.normalized}: well formed, but not in the reference data")


def _of_case(
    citation: Citation, reference: Reference, findings: list[Finding], found: Mapping[str, list[Known]]
) -> Finding:
    known_by = [(key, found[key] if key in found else reference.find(key)) for key in _keys(citation)]
    known = [case for _, cases in known_by for case in cases]
    if known:
        shared = [case for case in known if all(_among(case, cases) for _, cases in known_by if cases)]
        if not shared:
            first = known[0]
            second = next(case for case in known if not _among(case, [first]))
            return invalid(
                "parallel_mismatch", f"its references belong to {first.names[0]} and to {second.names[0]}", first.label
            )
        return _compare(citation, shared, [key for key, cases in known_by if not cases], reference)
    contradiction = _named_otherwise(citation, reference)
    if contradiction is not None:
        return contradiction
    if findings:
        return findings[0]
    return unverified("not_in_index", f"{citation.normalized}: well formed, but not in the reference data")


def _among(case: Known, others: list[Known]) -> bool:
    """Tell whether one of *others* is the same case; a user's index has a row for each reference of a case."""
    return any(
        case is other or any(compare(one, two) is Likeness.SAME for one in case.names for two in other.names)
        for other in others
    )


def _keys(citation: Citation) -> list[str]:
    """Return all references of a case, also those inside another (an ECLI after a case number)."""
    keys = []
    for cite in citation.cites:
        if cite.format != european.CELEX or "case" not in cite.parts:
            keys.append(cite.key)  # a CELEX number of a judgment is its case number in other words
        if cite.parts.get("ecli") and cite.format == european.CASE and cite.normalized != cite.parts["ecli"]:
            keys.append(fold_cite(cite.parts["ecli"]))
        keys += [fold_cite(cite.parts[name]) for name in ("case", "app") if cite.parts.get(name)]
    return keys


def _compare(citation: Citation, known: list[Known], unknown: list[str], reference: Reference) -> Finding:
    """Compare name and year with the cases that have the references; no row has the *unknown* ones."""
    if citation.name:
        likeness = {case: _likeness(citation, case) for case in known}
        same = [case for case, like in likeness.items() if like is Likeness.SAME]
        if not same:
            case = known[0]
            unclear = {Likeness.PARTLY, Likeness.UNCLEAR} & set(likeness.values()) or not citation.is_case_name
            if unclear and not _is_name_of_another(citation, known, reference):
                return unverified(
                    "name_unclear",
                    f"the reference is that of {case.names[0]}, the name given is {citation.name[:80]}",
                    case.label,
                )
            return invalid(
                "name_mismatch", f"the reference is that of {case.names[0]}, not of {citation.name[:80]}", case.label
            )
        known = same
    case = known[0]
    year = _decided(citation)
    years = [other.year for other in known if other.year is not None]
    if year is not None and years and not any(_fits(year, other, citation) for other in years):
        return invalid("year_mismatch", f"{case.label} is of {case.year}, not of {year}", case.label)
    unknown = [key for key in unknown if not _is_ecli_of(key, case)]
    wrong_ecli = next((key for key in unknown if key.startswith("eu:")), None)
    if wrong_ecli is not None:
        return invalid("parallel_mismatch", f"{case.label} does not have the ECLI {wrong_ecli.upper()}", case.label)
    if unknown:
        series = {_series_of(cite) for cite in case.cites}
        clash = next((cite for cite in citation.cites if cite.key in unknown and _series(cite) in series), None)
        if clash is not None:
            return invalid(
                "parallel_mismatch",
                f"{case.names[0]} stands at {', '.join(case.cites)}, not at {clash.normalized}",
                case.label,
            )
        return unverified("parallel_unknown", f"{case.label} is known, the parallel reference is not", case.label)
    return verified(case.label)


def _is_name_of_another(citation: Citation, known: list[Known], reference: Reference) -> bool:
    """Tell whether the index has the name that is given, and only with other references than *known* ones."""
    others = (case for case in reference.named(citation.name) if not _among(case, known))
    return any(is_telling(name) and _is_name_of(citation, case, name) for case in others for name in case.names)


def _is_name_of(citation: Citation, case: Known, name: str) -> bool:
    return case.jurisdiction == citation.jurisdiction and is_same_case(citation.name, name, case.names[0])


def _likeness(citation: Citation, case: Known) -> Likeness:
    found = [compare(citation.name, name) for name in case.names]
    given = words_of(citation.name)
    if not citation.is_case_name and given and given <= {word for name in case.names for word in words_of(name)}:
        return Likeness.SAME
    for wanted in (Likeness.SAME, Likeness.UNCLEAR, Likeness.PARTLY):
        if wanted in found:
            return wanted
    return Likeness.OTHER


def _decided(citation: Citation) -> int | None:
    """Return the year that the citation claims beside its reference; a year inside the reference is part of the key."""
    stated = next((cite.parts["decided"] for cite in citation.cites if cite.parts.get("decided")), "")
    if citation.year is not None or stated:
        return citation.year or int(stated)
    first = citation.cites[0]
    return int(first.parts["year"]) if first.normalized.startswith("(") and first.parts.get("year") else None


def _fits(year: int, decided: int, citation: Citation) -> bool:
    """Tell whether *year* fits a case *decided* in that year; reports appear years after a decision."""
    if citation.jurisdiction == "us":
        return year == decided
    late = _REPORTED_ABROAD if citation.jurisdiction == "international" else _REPORTED_LATER
    early = 0 if citation.year is None else 1
    return decided - early <= year <= decided + (1 if citation.year is not None else late)


def _named_otherwise(citation: Citation, reference: Reference) -> Finding | None:
    """Return a finding if the index has the case of this name with another reference."""
    if not citation.name:
        return None
    series = {_series(cite) for cite in citation.cites}
    for case in reference.named(citation.name):
        name = next((name for name in case.names if is_same_case(citation.name, name, case.names[0])), None)
        if name is None or case.jurisdiction != citation.jurisdiction:
            continue
        near = any(_near(cite, other) for cite in citation.cites for other in case.cites)
        if series & {_series_of(cite) for cite in case.cites} and (is_telling(name) or near):
            return invalid(
                "citation_mismatch",
                f"{case.names[0]} stands at {', '.join(case.cites)}, not at {citation.normalized}",
                case.label,
            )
        if _is_far(citation, case) and has_two_telling_parties(name):
            return invalid("year_mismatch", f"{case.label} is of {case.year}, not of {_claimed(citation)}", case.label)
        if is_telling(name):
            return unverified("other_reference", f"{case.label} is known, {citation.normalized} is not", case.label)
    return None


def _is_far(citation: Citation, case: Known) -> bool:
    """Tell whether so many years lie between that it cannot be another stage of the same case."""
    year = _claimed(citation)
    return year is not None and case.year is not None and abs(year - case.year) > _STAGES_APART


def _claimed(citation: Citation) -> int | None:
    """Return the year that the citation claims, beside its reference or inside it."""
    # A tribunal's number holds the year in which the case was brought.
    dated = (cite.parts.get("year", "") for cite in citation.cites if cite.format == reports.NAME)
    inside = next((year for year in dated if year.isdigit()), None)
    return _decided(citation) or (int(inside) if inside else None)


def _near(cite: Cite, other: str) -> bool:
    """Tell whether two references share volume and year, or page, or the long number of an application."""
    shared = _numbers(cite.normalized) & _numbers(other)
    return len(shared) >= 2 or any(len(number) >= _LONG_NUMBER for number in shared)


def _numbers(reference: str) -> set[str]:
    return {word for part in reference.replace("/", " ").split() if (word := part.strip("[]()")).isdigit()}


def _series(cite: Cite) -> str:
    return _series_of(cite.normalized)


def _series_of(normalized: str) -> str:
    """Return the series of a reference: its letters."""
    if normalized.startswith("EU:"):
        return "ecli"
    return "".join(char for char in normalized if char.isalpha()).casefold()


def _is_ecli_of(key: str, case: Known) -> bool:
    """Tell whether *key* is an ECLI that a row without any could not have."""
    return key.startswith("eu:") and not any(cite.startswith("EU:") for cite in case.cites)
