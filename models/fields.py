"""Field types shared by requests; builds a model of what a caller sent, or an error message."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from utils.errors import InputError

ModelT = TypeVar("ModelT", bound=BaseModel)
Difficulty = Literal["foundational", "basic", "intermediate", "advanced", "expert"]
DIFFICULTIES: tuple[Difficulty, ...] = get_args(Difficulty)
# Asks the same as "basic": data of others has it, and a plan only where it is asked for.
ALIAS_DIFFICULTY: Difficulty = "foundational"
# What every JSON reader and Parquet agree on.
LARGEST = 2**53
_SHOWN = 10


def _whole_characters(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("holds half of a surrogate pair, which is no character; remove it") from None
    return text


def _clean(text: str) -> str:
    _whole_characters(text)
    if not text.strip():
        raise ValueError("is empty")
    return text


def _not_empty(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("got an empty list, want at least one value; leave the field out for all")
    return values


def blank_to_none(value: object) -> object:
    """Return None for blank text."""
    return None if isinstance(value, str) and not value.strip() else value


def clean_id(text: str) -> str:
    """Refuse control characters: an id is used in headers, logs and file names."""
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise ValueError("holds a control character; remove it")
    return text


def _utc(value: str | None) -> str | None:
    """Convert a time to UTC, so that times can be compared as text."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    except (ValueError, OverflowError):
        raise ValueError("want a time like 2026-11-21T09:30:00+00:00") from None


def default_for(default: str) -> Callable[[object], object]:
    """Return a validator that replaces a missing value by *default*."""
    return lambda value: default if blank_to_none(value) is None else value


def _no_number(value: object) -> object:
    """Refuse numbers for true or false; only those and their words are accepted."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise PydanticCustomError("bool_type", "true or false")
    return value


def _no_flag(value: object) -> object:
    """Refuse true and false for a number: Python would take them for 1 and 0."""
    if isinstance(value, bool):
        raise PydanticCustomError("float_type", "a number")
    return value


Flag = Annotated[bool, BeforeValidator(_no_number)]
Real = Annotated[float, BeforeValidator(_no_flag)]
Whole = Annotated[int, BeforeValidator(_no_flag)]
Text = Annotated[str, AfterValidator(_clean), Field(json_schema_extra={"minLength": 1, "pattern": r"\S"})]
Characters = Annotated[str, AfterValidator(_whole_characters)]
Identifier = Annotated[Text, AfterValidator(clean_id), Field(max_length=500)]
Moment = Annotated[str | None, AfterValidator(_utc)]
Filter = Annotated[str | None, BeforeValidator(blank_to_none)]
# Which of many; left out it means all, so that an empty list must not.
Chosen = Annotated[tuple[str, ...], AfterValidator(_not_empty), Field(json_schema_extra={"minItems": 1})]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Shares = Annotated[dict[str, Positive], Field(min_length=1, max_length=1000)]


# Marks a model that may hold a secret: error messages repeat none of its values.
HOLDS_SECRETS = ConfigDict(hide_input_in_errors=True)


def validated(model: type[ModelT], values: object) -> ModelT:
    """Build *model* from what a caller sent.

    Raises:
        InputError: all faults in one message, with field name and value (no value if `HOLDS_SECRETS`).
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = [_fault(item, model) for item in error.errors(include_url=False)[:_SHOWN]]
        more = f"; and {error.error_count() - _SHOWN} more" if error.error_count() > _SHOWN else ""
        raise InputError("; ".join(faults) + more) from None


def validated_day(name: str, text: str) -> str:
    """Return *text* as a day ("2026-11-21"), or "" for none; InputError otherwise."""
    text = text.strip()
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise InputError(f"{name}: got {text[:40]!r}, want a day like 2026-11-21") from None


# What is wanted, by pydantic's kind of error; {…} is filled from its context.
_WANTED = {
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "too_long": "at most {max_length} of them",
    "too_short": "at least {min_length} of them",
    "literal_error": "{expected}",
    "string_pattern_mismatch": "text of the form {pattern}",
}
_UNKNOWN = "a field"
_AS_JSON = {None: "null", True: "true", False: "false"}
# No secret of a vendor is a few short words.
_HARMLESS = re.compile(r"(?!hf_|sk_)[a-z]{1,12}(_[a-z]{1,12}){0,3}")
_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?")


def _fault(item: ErrorDetails, model: type[BaseModel]) -> str:
    """Say in words what is wrong with one field."""
    name = ".".join(str(part) for part in item["loc"])[:100] or "body"
    kind, is_hidden = item["type"], bool(model.model_config.get("hide_input_in_errors"))
    if f"string_{kind}" in _WANTED and isinstance(item.get("input"), str):  # a limit behind a validator is any length's
        kind = f"string_{kind}"
    if is_hidden:  # the rest of the path are names that the caller chose
        first = str(item["loc"][0]) if item["loc"] else ""
        name = first if first in model.model_fields or _HARMLESS.fullmatch(first) else _UNKNOWN
    if kind == "extra_forbidden" and (holder := _holder(item["loc"], model)) is not None:
        return f"{name}: unknown; want {'some of ' * bool(holder.model_fields)}{_names(holder) or 'nothing'}"
    if kind == "missing":
        return f"{name}: is missing"
    if kind in _WANTED:
        got = "" if is_hidden else f"got {_shown(item.get('input'))}, "
        return f"{name}: {got}want {_WANTED[kind].format(**item.get('ctx', {}))}"
    message = item["msg"].removeprefix("Value error, ")
    if kind == "value_error" and name == "body":
        return str(message)
    return f"{name}: {message}{'' if is_hidden else _aside(item.get('input'))}"


def _holder(place: tuple[int | str, ...], model: type[BaseModel]) -> type[BaseModel] | None:
    """Return the model in *model* that has no field of the last name of *place*; None where that cannot be told."""
    for name in place[:-1]:
        known = model.model_fields.get(str(name))
        kinds = [] if known is None else [known.annotation, *get_args(known.annotation)]
        inner = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if len(inner) != 1:
            return None
        model = inner[0]
    return model


def _names(model: type[BaseModel]) -> str:
    return ", ".join(sorted(model.model_fields))


def _shown(value: object) -> str:
    """Return the value, shortened; numeric text without quotes, since a query has only text."""
    if isinstance(value, str):
        return value if _NUMBER.fullmatch(value) else repr(value[:80])
    if value is None or isinstance(value, bool):
        return _AS_JSON[value]
    if isinstance(value, int | float):
        return str(value)[:80]
    return f"a {type(value).__name__}"


def _aside(value: object) -> str:
    return f" (got {_shown(value)})" if isinstance(value, str | int | float | bool) or value is None else ""
