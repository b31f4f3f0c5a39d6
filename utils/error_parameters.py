"""Finds the parameters of a request that a vendor does not take, in the answer that says so."""

import re
from collections.abc import Mapping

from utils.vendor_answers import parameters_in

# Parameters that a request can do without, and how messages name them.
PARAMETERS = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "temperature": r"\btemperature\b",
        "top_p": r"\btop[_ -]?p\b",
        "seed": r"\bseed\b",
        "max_tokens": r"\bmax_tokens\b",
        "max_completion_tokens": r"\bmax_completion_tokens\b",
        "response_format": r"\bresponse[_ ]?format\b|\bjson_(?:schema|object)\b|\bstructured[_ ]outputs?\b"
        r"|\bjson mode\b|\boutput_(?:config\.)?format\b"
        r"|\bresponse_?(?:json_?)?(?:schema|mime_?type)\b",
        "stream_options": r"\bstream_options\b",
        "thinking": r"\bthinking(?:\b|_?(?:config|level|budget))",
    }.items()
}
# The strictest kind of `response_format`: a model that does not take it may take plain JSON.
JSON_SCHEMA = "json_schema"
_KIND_OF_FORMAT = re.compile(
    r"\bresponse_?(?:json_?)?schema\b"
    r"|response[_ ]?format[\"'`]*(?:\.| of |, |: | )?[\"'`]*type\b|\bjson_(?:schema|object)\b|structured[_ ]outputs?",
    re.IGNORECASE,
)
_STATUSES = frozenset({400, 422, 501})
# llama-cpp-python answers a request that it cannot validate with 500.
_INVALID_REQUEST = re.compile(r"\b\d+ validation errors?\b|\binput should be\b|extra_forbidden", re.IGNORECASE)
_NOT_TAKEN = re.compile(
    r"unsupported|n(?:o|')t (?:be )?support|unknown|unrecogni[sz]ed|unexpected|unavailable|deprecated|extra_forbidden"
    r"|not (?:be )?(?:permitted|allowed|available|accept\w*|valid|both|recogni[sz]ed|implemented|compatible)"
    r"|not? accept"
    r"|extra (?:fields|inputs)|both be|mutually exclusive"
    r"|only (?:one|the default|be|\S+ (?:is|are) (?:supported|allowed))"
    r"|may only|(?:must|should) (?:not )?be|\binvalid"
    r"|does not match any|cannot (?:be|find)|no longer|incompatible|removed|reserved|has no effect",
    re.IGNORECASE,
)
# These are about the length of the prompt, or a vendor's check of its own answer.
_OTHER_LIMITS = re.compile(r"context[ _-]?(?:length|window|size)|json_validate_failed|tokens per minute", re.IGNORECASE)
MOST_TOKENS = re.compile(
    r"max_(?:completion_|output_)?tokens\b.{0,120}?(?:less than or equal to|at most|<=|no (?:more|greater) than"
    r"|not exceed|maximum(?: (?:value|allowed|of|is|for|limit|output))*)\D{0,60}?(\d[\d,]{2,})",
    re.IGNORECASE | re.DOTALL,
)
_EITHER = re.compile(r"\bboth\b|only one|mutually exclusive|together|at the same time|\beither\b", re.IGNORECASE)
_ALTERNATIVES = (("max_tokens", "max_completion_tokens"),)
# How far from its name stands what is wrong with a parameter, in characters.
_NEAR = 120
_SERVER_ERROR = 500


def refused_parameters(status: int | None, body: object, text: str) -> tuple[str, ...]:
    """Return the parameters of `PARAMETERS` that an answer refuses; () where it is about something else.

    Where it is the kind of `response_format` that is refused, `JSON_SCHEMA` stands for it.

    Args:
        status: HTTP status of the answer.
        body: The answer as JSON, in any vendor's shape.
        text: Everything that it says.
    """
    is_refusal = status in _STATUSES or (status == _SERVER_ERROR and _INVALID_REQUEST.search(text) is not None)
    if not is_refusal or _OTHER_LIMITS.search(text):
        return ()
    named = {name for name in parameters_in(body) if name in PARAMETERS}
    places = {
        name: found.start()
        for name, pattern in PARAMETERS.items()
        for found in pattern.finditer(text)
        if name in named or _NOT_TAKEN.search(text, max(0, found.start() - _NEAR), found.end() + _NEAR)
    }
    return _without_alternative(named or set(places), places, text)


def _without_alternative(named: set[str], places: Mapping[str, int], text: str) -> tuple[str, ...]:
    """Leave out what a message names only as what to take instead; of two that exclude each other, keep one."""
    if {"temperature", "top_p"} <= {*named, *places} and _EITHER.search(text):
        return ("top_p",)
    for pair in _ALTERNATIVES:
        if named.issuperset(pair):
            named = named - {max(pair, key=lambda name: places.get(name, 0))}
    if "response_format" in named and _KIND_OF_FORMAT.search(text):
        named = named - {"response_format"} | {JSON_SCHEMA}
    return tuple(sorted(named))
