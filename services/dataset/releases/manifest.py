"""The manifest of a release as a file: written beside its rows, read from elsewhere with suspicion."""

from __future__ import annotations

import re
from functools import cache

import orjson
from pydantic import TypeAdapter, ValidationError

from models.contract.answers.releases import ReleaseFacts
from models.samples.releases.release_files import MANIFEST
from utils.errors import InputError

_PATH = re.compile(r"rows\.parquet|data/(?:train|validation|test)-\d{5}-of-\d{5}\.parquet")
_ID = re.compile(r"rel_[0-9a-f]{16}")


def manifest_of(facts: ReleaseFacts) -> bytes:
    """Return the content of the file: all but where a release came from and whether it was yanked here."""
    return orjson.dumps({**facts, "origin": "", "yanked": None}, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def read_manifest(content: bytes) -> ReleaseFacts:
    """Return the manifest in *content*, which somebody else may have written.

    Raises:
        InputError: it is none, or names files that no release has.
    """
    try:
        facts = _reader().validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{MANIFEST}: is no manifest of a release ({where}: {first['msg']})"[:300]) from None
    odd = [file["path"] for file in facts["files"] if not _PATH.fullmatch(file["path"])]
    if odd or not _ID.fullmatch(facts["id"]):
        raise InputError(f"{MANIFEST}: names {(odd or [facts['id']])[0][:80]!r}, which no release has")
    return facts


@cache
def _reader() -> TypeAdapter[ReleaseFacts]:
    return TypeAdapter(ReleaseFacts)
