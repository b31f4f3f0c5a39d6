"""The licences that the Hub knows, by the identifiers of its list (https://huggingface.co/docs/hub/repositories-licenses)."""

import difflib

from utils.errors import InputError

OTHER = "other"
UNKNOWN = "unknown"
# As of November 2026; a newer one is told as `other` with its name.
LICENSES = frozenset(
    """
    afl-3.0 agpl-3.0 apache-2.0 apple-amlr apple-ascl artistic-2.0 bigcode-openrail-m
    bigscience-bloom-rail-1.0 bigscience-openrail-m bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0
    c-uda cc cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0
    cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0
    cc0-1.0 cdla-permissive-1.0 cdla-permissive-2.0 cdla-sharing-1.0 creativeml-openrail-m
    deepfloyd-if-license ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2
    fair-noncommercial-research-license gemma gfdl gpl gpl-2.0 gpl-3.0 grok2-community h-research
    intel-research isc lgpl lgpl-2.1 lgpl-3.0 lgpl-lr llama2 llama3 llama3.1 llama3.2 llama3.3 llama4
    lppl-1.3c mit mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 openmdw-1.0 openmdw-1.1 openrail openrail++ osl-3.0
    other pddl postgresql unknown unlicense wtfpl zlib
    """.split()
)


def license_fields(identifier: str, name: str, link: str) -> dict[str, str]:
    """Return what a card says of a licence; nothing when none is named.

    Args:
        identifier: Of the Hub's list, in any case; "" or "unknown" names none.
        name: Name of a licence that the list lacks, with `other`.
        link: Its address, with `other`.

    Raises:
        InputError: no licence of the list, or a name or link without `other`.
    """
    found = identifier.strip().lower()
    if found and found not in LICENSES:
        near = difflib.get_close_matches(found, LICENSES, 3, 0.5)
        meant = f" ({', '.join(near)}?)" if near else ""
        raise InputError(
            f"license: got {identifier[:40]!r}, want an identifier of the Hub's list{meant}, such as cc-by-4.0 or mit, "
            "or other with license_name"
        )
    if found != OTHER and (name or link):
        given = "license_name" if name else "license_link"
        raise InputError(f"{given}: goes with license=other only, got license={found or 'none'}")
    if found in ("", UNKNOWN):
        return {}
    return {"license": found, **({"license_name": name} if name else {}), **({"license_link": link} if link else {})}
