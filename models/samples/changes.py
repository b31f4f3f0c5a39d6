"""What an edit changes of a sample: clients send back all fields."""

from collections.abc import Mapping

import orjson

from models.fields import blank_to_none
from models.samples.file.column_types import plain


def differing(changes: Mapping[str, object], current: Mapping[str, object]) -> dict[str, object]:
    """Return the values that differ from the sample *current* as the API shows it; one blank is as good as another."""
    shown = orjson.loads(orjson.dumps(current, default=plain))
    return {name: value for name, value in changes.items() if name not in shown or not _is_same(value, shown[name])}


def _is_same(value: object, shown: object) -> bool:
    if blank_to_none(value) is None and blank_to_none(shown) is None:
        return True
    return value == shown and isinstance(value, bool) == isinstance(shown, bool)
