"""Licences of documents: which of them allow that samples made of a text are published.

Deny by default: a text whose licence nobody named, or that is not known here, stays out of exports unless it is asked
for. Facts, not advice: who publishes has to see for themselves that a licence is kept.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from utils.errors import InputError


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence of texts.

    Attributes:
        name: For people.
        allows_export: Whether samples that quote the text may be published.
        attribution: The line to keep in what is made of it; "" for none.
    """

    name: str
    allows_export: bool
    attribution: str = ""


_CC = "https://creativecommons.org/licenses"
LICENCES: Mapping[str, Licence] = {
    "ogl-uk-3.0": Licence(
        "Open Government Licence v3.0",
        True,
        "Contains public sector information licensed under the Open Government Licence v3.0.",
    ),
    "ogl-uk-2.0": Licence("Open Government Licence v2.0", True, "Licensed under the Open Government Licence v2.0."),
    "eu-reuse": Licence("Decision 2011/833/EU", True, "© European Union, reuse under Decision 2011/833/EU."),
    "us-government": Licence("Work of the US government", True),
    "public-domain": Licence("Public domain", True),
    "cc0-1.0": Licence("CC0 1.0", True),
    "cc-by-4.0": Licence("CC BY 4.0", True, f"Licensed under CC BY 4.0 ({_CC}/by/4.0/)."),
    "cc-by-3.0": Licence("CC BY 3.0", True, f"Licensed under CC BY 3.0 ({_CC}/by/3.0/)."),
    "cc-by-sa-4.0": Licence("CC BY-SA 4.0", True, f"Licensed under CC BY-SA 4.0 ({_CC}/by-sa/4.0/)."),
    "mit": Licence("MIT", True),
    "own": Licence("Own text of the publisher", True),
    "open-justice": Licence("Open Justice Licence (no computational analysis without a licence of its own)", False),
    "cc-by-nc-4.0": Licence("CC BY-NC 4.0", False),
    "cc-by-nd-4.0": Licence("CC BY-ND 4.0", False),
    "copyright": Licence("All rights reserved", False),
}


def licence_id(given: str) -> str:
    """Return the id of a licence as a caller names it; "" for none.

    Raises:
        InputError: no licence of the list.
    """
    found = given.strip().lower()
    if found and found not in LICENCES:
        near = difflib.get_close_matches(found, LICENCES, 3, 0.5)
        meant = f" ({', '.join(near)}?)" if near else ""
        raise InputError(f"licence: got {given[:40]!r}, want one of {', '.join(LICENCES)}{meant}, or none")
    return found


def allows_export(licence: str) -> bool:
    """Say whether samples of a text under *licence* may be published; False for one that nobody named."""
    known = LICENCES.get(licence)
    return known is not None and known.allows_export


def attribution(licence: str) -> str:
    """Return the line that must be kept; "" for none."""
    known = LICENCES.get(licence)
    return known.attribution if known is not None else ""
