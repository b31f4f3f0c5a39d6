"""The features in a card are those that the `datasets` library itself makes of an Arrow schema."""

from collections.abc import Callable, Iterator

import datasets
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dataset.hub.features import features_of

UNITS = ("s", "ms", "us", "ns")
ONES = [
    *(
        pa.type_for_alias(name)
        for name in ("null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")
    ),
    *(pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.date32(), pa.date64()),
    *(pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(7)),
    *(pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")),
    *(pa.timestamp(unit, tz) for unit in UNITS for tz in (None, "UTC", "Europe/Berlin", "+01:00")),
    *(pa.duration(unit) for unit in UNITS),
    *(pa.decimal128(20, 3), pa.decimal256(40, 5)),
    *(pa.dictionary(pa.int8(), kind) for kind in (pa.string(), pa.large_string(), pa.timestamp("us"))),
]
# The library has no feature for these: then the card has none, and readers take the file's own types.
NO_FEATURE = [
    *(pa.decimal32(5, 2), pa.decimal64(10, 2), pa.month_day_nano_interval(), pa.map_(pa.string(), pa.int64())),
    *(pa.run_end_encoded(pa.int32(), pa.string()), pa.list_view(pa.int8()), pa.large_list_view(pa.int8())),
    *(pa.dense_union([pa.field("a", pa.int8())]), pa.uuid(), pa.bool8()),
]
NESTS: list[Callable[[pa.DataType], pa.DataType]] = [
    pa.list_,
    pa.large_list,
    lambda kind: pa.list_(kind, 3),
    lambda kind: pa.struct([pa.field("dtype", kind), pa.field("list", pa.list_(kind))]),
]


def types() -> Iterator[pa.DataType]:
    yield from ONES
    for nest in NESTS:
        yield from map(nest, ONES)
        yield from (nest(outer(pa.string())) for outer in NESTS)


@pytest.mark.parametrize("kind", [*types()], ids=str)
def test_every_type_has_the_feature_of_the_library(kind: pa.DataType) -> None:
    schema = pa.schema([("a", kind), ("b", pa.int64())])
    wanted = datasets.Features.from_arrow_schema(schema)

    found = features_of(schema)

    assert found == wanted._to_yaml_list()
    assert datasets.Features._from_yaml_list(found) == wanted


@pytest.mark.parametrize("kind", [*NO_FEATURE, pa.list_(NO_FEATURE[0])], ids=str)
def test_features_are_left_out_where_the_library_has_none(kind: pa.DataType) -> None:
    assert features_of(pa.schema([("a", pa.string()), ("b", kind)])) is None


@given(st.recursive(st.sampled_from(ONES), lambda inner: st.builds(lambda n, k: n(k), st.sampled_from(NESTS), inner)))
def test_types_nested_in_any_depth_have_the_feature_of_the_library(kind: pa.DataType) -> None:
    schema = pa.schema([("a", kind)])

    assert features_of(schema) == datasets.Features.from_arrow_schema(schema)._to_yaml_list()
