"""Puts what the service knows into a card without losing what people wrote there.

The text of the service stands between two marks; all text outside them is kept. Of the YAML head it writes what
readers need to open the files (`card.about_files`) and a licence that was asked for; other keys, comments and their
order are kept.
"""

import re
from collections.abc import Mapping

import yaml

from services.dataset.hub.card import DEFAULT, CardFacts, about_files, body, suggested
from utils.errors import PublishError

BEGIN = "<!-- legal-training-platform: begin. Each push writes the text up to the end mark anew; the rest is yours -->"
END = "<!-- legal-training-platform: end -->"
_MARK = r"<!-- legal-training-platform: "
_OURS = re.compile(rf"{_MARK}begin(?:(?!{_MARK}begin).)*?{_MARK}end[^>]*-->", re.DOTALL)
# As the Hub finds it; a head may be empty.
_HEAD = re.compile(r"\A\s*---[ \t]*\r?\n(?P<yaml>.*?)(?:(?<=\n)|\r?\n)---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LICENSE = ("license", "license_name", "license_link")
_LISTED = ("configs", "dataset_info")

Head = dict[str, object]


def merged_card(facts: CardFacts, old: str | None) -> str:
    """Return the card with *facts*; *old* is the card in the repository, None or blank if there is none.

    Raises:
        PublishError: the head of the old card is no YAML.
    """
    ours = f"{BEGIN}\n\n{body(facts)}\n{END}"
    if old is None or not old.strip():
        return f"---\n{_dumped(_merged({}, facts))}---\n\n# {facts.name}\n\n{ours}\n"
    found = _HEAD.match(old)
    written, text = (found["yaml"], old[found.end() :]) if found else ("", f"\n{old}")
    text, replaced = _OURS.subn(lambda _: ours, text, count=1)
    if not replaced:
        text = f"{text.rstrip()}\n\n{ours}\n"
    return f"---\n{_head(written, facts)}---\n{text}"


def _head(written: str, facts: CardFacts) -> str:
    theirs = _parsed(written)
    wanted = _merged(theirs, facts)
    spliced = _spliced(written, theirs, wanted)
    try:
        is_sound = yaml.safe_load(spliced) == wanted
    except yaml.YAMLError:
        is_sound = False
    return spliced if is_sound else _dumped(wanted)


def _parsed(written: str) -> Head:
    try:
        theirs = yaml.safe_load(written) or {}
    except (yaml.YAMLError, ValueError) as error:
        where = str(error).replace("\n", " ")[:200]
        raise PublishError(
            f"README.md of the repository: its head is no YAML ({where}); mend it there, then push again"
        ) from None
    if not isinstance(theirs, dict):
        raise PublishError("README.md of the repository: its head is no list of keys; mend it there, then push again")
    return theirs


def _merged(theirs: Head, facts: CardFacts) -> Head:
    """Return the head: what people wrote, with what the data files are like now."""
    wanted = dict(theirs or suggested(facts))
    if facts.license:
        for key in _LICENSE:
            wanted.pop(key, None)
        wanted.update(facts.license)
    ours = about_files(facts)
    for key in _LISTED:
        ours[key] = _with_default(theirs.get(key), ours[key])
    return {**wanted, **ours}


def _with_default(theirs: object, ours: object) -> object:
    """Put our configuration in place of the one of its name; others, and further keys of it, are kept."""
    is_list = isinstance(ours, list)
    mine: Mapping[str, object] = ours[0] if isinstance(ours, list) else ours  # type: ignore[assignment]  # from `about_files`
    listed = theirs if isinstance(theirs, list) else [theirs]
    known = [item for item in listed if isinstance(item, dict)]
    old = next((item for item in known if _name(item) == DEFAULT), {})
    others = [item for item in known if _name(item) != DEFAULT]
    if old and not is_list:
        old = {key: value for key, value in old.items() if key != "features"}
    new = {**old, **mine}
    if not others:
        return [new] if is_list else new
    return [{"config_name": DEFAULT, **new}, *others]


def _name(item: Mapping[str, object]) -> object:
    return item.get("config_name", DEFAULT)


def _spliced(written: str, theirs: Head, wanted: Head) -> str:
    """Return the head as people wrote it, with only the keys replaced that change."""
    changed = {key for key in {*theirs, *wanted} if theirs.get(key) != wanted.get(key) or key not in wanted}
    root = yaml.compose(written, Loader=yaml.SafeLoader) if theirs else None
    lines = written.splitlines(keepends=True)
    if isinstance(root, yaml.MappingNode):
        for key, value in reversed(root.value):
            if key.value in changed:
                last = value.end_mark.line + (value.end_mark.column > 0)
                while last > key.start_mark.line + 1 and _is_aside(lines[last - 1]):
                    last -= 1
                del lines[key.start_mark.line : last]
    kept = "".join(lines)
    if kept and not kept.endswith("\n"):
        kept += "\n"
    return kept + _dumped({key: value for key, value in wanted.items() if key in changed})


def _is_aside(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _dumped(head: Head) -> str:
    return yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=120) if head else ""
