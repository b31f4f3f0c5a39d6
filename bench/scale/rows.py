"""Made-up samples: twelve columns, short texts, ids and times that grow together."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

JURISDICTIONS = ("uk", "us", "eu", "de")
_START = datetime(2024, 1, 1, tzinfo=UTC)
_TOPICS = [f"topic {n}" for n in range(40)]
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("jurisdiction", pa.string()),
        ("month", pa.string()),
        ("topic", pa.string()),
        ("difficulty", pa.string()),
        ("sample_type", pa.string()),
        ("question", pa.string()),
        ("answer", pa.string()),
        ("model", pa.string()),
        ("tokens", pa.int64()),
        ("score", pa.float64()),
    ]
)


def made_up(count: int, first: int = 0, of: int = 0) -> Any:
    """Return *count* rows, numbered from *first*.

    *of* rows (0: so many) fill two years, later ones follow in the last month. The time stands in front of the id.
    """
    of = of or count
    step = timedelta(days=730) / of
    columns: dict[str, list[object]] = {name: [] for name in SCHEMA.names}
    for number in range(first, first + count):
        draw = random.Random(number)
        late = max(0, number - of)
        at = _START + step * min(number, of - 1) + timedelta(milliseconds=late)
        values = (
            f"{int(at.timestamp() * 1000):012x}-{number:08x}",
            at,
            JURISDICTIONS[number % len(JURISDICTIONS)],
            f"{at:%Y-%m}",
            draw.choice(_TOPICS),
            draw.choice(("basic", "intermediate", "expert")),
            draw.choice(("case_analysis", "qa")),
            f"What follows in case {number} of {draw.randrange(10**9)} for the tenant?",
            f"The tenant of {number} may end the lease after {draw.randrange(900)} days, since {draw.random():.12f}.",
            draw.choice(("model-a", "model-b", "model-c")),
            draw.randrange(100, 2000),
            draw.random(),
        )
        for name, value in zip(SCHEMA.names, values, strict=True):
            columns[name].append(value)
    return pa.table(columns, schema=SCHEMA)
