"""The features of a data set card: what the `datasets` library makes of an Arrow schema, in the card's YAML form."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

Feature = dict[str, object]


def features_of(schema: "pa.Schema") -> list[Feature] | None:
    """Return the features of *schema*, in order; None if the library has no feature for one of its types.

    Without features a reader takes the types from the file itself.
    """
    try:
        return [{"name": field.name, **_feature(field.type)} for field in schema]
    except NotImplementedError:
        return None


def as_in_json(schema: "pa.Schema") -> "pa.Schema":
    """Return the schema of the same rows in JSON Lines: moments, bytes and decimals are text there, spans seconds."""
    import pyarrow as pa

    return pa.schema([pa.field(field.name, _in_json(field.type)) for field in schema])


def _in_json(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa
    from pyarrow import types

    if types.is_struct(kind):
        return pa.struct([pa.field(field.name, _in_json(field.type)) for field in kind])
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return pa.list_(_in_json(kind.value_type))
    if types.is_duration(kind) or types.is_floating(kind):
        return pa.float64()
    if types.is_uint64(kind):
        return pa.int64()  # readers of JSON have no larger numbers that are exact
    is_kept = types.is_integer(kind) or types.is_boolean(kind) or types.is_null(kind)
    return kind if is_kept else pa.string()


def _feature(kind: "pa.DataType") -> Feature:
    import pyarrow as pa

    if isinstance(kind, pa.StructType):
        return {"struct": [{"name": field.name, **_feature(field.type)} for field in kind]}
    if isinstance(kind, pa.FixedSizeListType):
        return {"list": _inner(kind.value_type), "length": kind.list_size}
    if isinstance(kind, pa.ListType):
        return {"list": _inner(kind.value_type)}
    if isinstance(kind, pa.LargeListType):
        return {"large_list": _inner(kind.value_type)}
    return {"dtype": _dtype(kind)}


def _inner(kind: "pa.DataType") -> object:
    """Return the feature of a list's items, in the short form that the library writes."""
    feature = _feature(kind)
    return next(iter(feature.values())) if list(feature) in (["dtype"], ["struct"]) else feature


# Names that differ from Arrow's own.
_NAMES = {
    "double": "float64",
    "float": "float32",
    "halffloat": "float16",
    "date32[day]": "date32",
    "date64[ms]": "date64",
}


def _dtype(kind: "pa.DataType") -> str:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _dtype(kind.value_type)
    name = _NAMES.get(str(kind), str(kind))
    known = (
        types.is_null, types.is_boolean, types.is_integer, types.is_floating, types.is_temporal, types.is_decimal128,
        types.is_decimal256, types.is_binary, types.is_large_binary, types.is_binary_view, types.is_string,
        types.is_large_string, types.is_string_view, types.is_fixed_size_binary,
    )  # fmt: skip
    if not any(is_kind(kind) for is_kind in known) or types.is_interval(kind):
        raise NotImplementedError(name)
    return name
