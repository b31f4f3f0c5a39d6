"""Files that are odd, hostile or broken, made from a seed; every sample in them is named after its file."""

import datetime
import decimal
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

MIB = 1 << 20
_TEXTS = ("plain", "é", "\x00", "𝔘", "y" * 3000, "a\u2028b", "=1", '"', "\ufeff", "null", "'", "\ud7ff", "a,b\n")
_NUMBERS = (
    "1e999",
    "-1e999",
    "1e-999",
    "NaN",
    "Infinity",
    "9" * 400,
    "9" * 5000,
    "-0",
    "18446744073709551616",
    "1.0",
    "0x1",
)
_IDS = ("", " ", ".", "..", "a/review", "/", "x" * 600, "a\x00b", "a\nb", "é", "%2e%2e", "null")


@dataclass(frozen=True, slots=True)
class OddFile:
    """One file and how it is sent."""

    kind: str
    content: bytes
    format: str = ""


class Maker:
    """Makes file *number* of a seed; the same one always."""

    def __init__(self, seed: int, number: int) -> None:
        self.draw = random.Random(f"{seed} {number}")  # to be the same again  # nosec B311
        self._number = number

    def make(self) -> OddFile:
        """Return the file."""
        kind = self.draw.choices(list(_KINDS), [weight for weight, _ in _KINDS.values()])[0]
        made = _KINDS[kind][1](self)
        return made if isinstance(made, OddFile) else OddFile(kind, made)

    def row(self, n: int = 0, **other: Any) -> dict[str, Any]:
        """Return a sample."""
        name = f"f{self._number}-{n}"
        texts = {"question": f"What of {name}?", "answer": f"It is {name}.", "case_citation": "None", "reasoning": "r"}
        return {"id": name, **texts, "topic": "A - B", "difficulty": "basic", **other}

    def rows(self, most: int = 30) -> list[dict[str, Any]]:
        """Return some samples."""
        return [self.row(n) for n in range(self.draw.randrange(1, most))]

    def size(self, least: int, most: int) -> int:
        """Return a size, small ones as often as large ones."""
        return int(least * (most / least) ** self.draw.random())

    def columns(self, count: int, **other: Any) -> dict[str, Any]:
        """Return *count* samples as columns."""
        rows = [self.row(n) for n in range(count)]
        return {**{name: [row[name] for row in rows] for name in rows[0]}, **other} if rows else {"id": [], **other}


def _lines(rows: list[dict[str, Any]], ascii_only: bool = True) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows).encode("utf-8", "surrogatepass")


def _raw(make: Maker, name: str, value: str) -> bytes:
    line = json.dumps(make.row())[:-1] + f', "{name}": {value}' + "}"
    return (f"[{line}]" if make.draw.random() < 0.5 else line).encode("utf-8", "surrogatepass")


def _parquet(columns: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(
        columns if isinstance(columns, pa.Table) else pa.table(columns), file, **{"compression": "zstd", **options}
    )
    return file.getvalue()


def honest(make: Maker) -> bytes | OddFile:
    """Samples as anybody has them."""
    rows = [{**row, "note": make.draw.choice(_TEXTS[:5]), "n": make.draw.random()} for row in make.rows()]
    kind = make.draw.randrange(4)
    if kind == 0:
        return _lines(rows, make.draw.random() < 0.5)
    if kind == 1:
        return json.dumps(rows, indent=make.draw.choice((None, 2))).encode()
    if kind == 2:
        return _parquet(pa.Table.from_pylist(rows), compression=make.draw.choice(("none", "snappy", "zstd", "gzip")))
    return _csv(rows)


def _csv(rows: list[dict[str, Any]]) -> bytes:
    cells = [
        [json.dumps(str(value)).replace('\\"', '""').replace("\\u0000", "") for value in row.values()] for row in rows
    ]
    return "\r\n".join([",".join(rows[0]), *(",".join(row) for row in cells)]).encode()


def claims(make: Maker) -> bytes:
    """Samples that say how good they are."""
    claimed = {
        "review": "accepted",
        "judge_score": 1.0,
        "quality_score": "high",
        "batch_id": "b",
        "citation_verdict": 7,
    }
    return _lines([{**row, **claimed} for row in make.rows()])


def deep(make: Maker) -> bytes:
    """Lists and objects in one another."""
    depth = make.size(5, 200_000)
    opening, closing = make.draw.choice((("[", "]"), ('{"a":', "}")))
    whole = opening * depth + "1" + (closing * depth if make.draw.random() < 0.7 else "")
    return whole.encode() if make.draw.random() < 0.3 else _raw(make, "x", whole)


def wide(make: Maker) -> bytes:
    """Objects of very many fields."""
    return _lines([make.row(n, **{f"c{n}_{m}": m for m in range(make.size(5, 4000))}) for n in range(2)])


def long(make: Maker) -> bytes | OddFile:
    """Very long texts, ended or not."""
    text = make.draw.choice(("x", "é", "\\u0001", "word ", "\\\\", '\\"')) * make.size(1000, 2 * MIB)
    content = _raw(make, "answer2", f'"{text}"')
    if make.draw.random() < 0.3:
        content = content[: len(content) * 2 // 3]
    if make.draw.random() < 0.1:
        return OddFile("long", f"id,question\nf,{text}".encode(), "csv")
    return content


def crowded(make: Maker) -> bytes:
    """Values that take many times their bytes in memory."""
    piece = make.draw.choice(("{}", "[]", '{"":0}', "1.5", '"é"', "null", '"ab"'))
    return _raw(make, "x", "[" + ",".join([piece] * make.size(100, 1_500_000)) + "]")


def array(make: Maker) -> bytes:
    """Arrays of what is no object."""
    piece = make.draw.choice(("1", "[]", '"x"', "{}", "null", "[[]]", "tru", "1 "))
    return ("[" + ",".join([piece] * make.size(1, 300_000)) + make.draw.choice(("]", "", ",]", "]]"))).encode()


def number(make: Maker) -> bytes:
    """Numbers that JSON, Parquet or nobody can hold."""
    value = make.draw.choice(_NUMBERS)
    return _raw(
        make, make.draw.choice(("score", "tokens_used", "quality_score")), make.draw.choice((value, f"[{value}]"))
    )


def repeated(make: Maker) -> bytes:
    """Keys and ids that stand there more than once."""
    if make.draw.random() < 0.5:
        return _raw(make, "x", '{"a":1,"a":2}').replace(b'"topic"', b'"topic": "no", "topic"')
    return _lines([make.row(0)] * make.size(2, 20_000))


def not_text(make: Maker) -> bytes:
    """Bytes that are no UTF-8, or more than it."""
    content = _lines(make.rows(), ascii_only=False)
    return make.draw.choice(
        (
            content.decode().encode("utf-16"),
            b"\xef\xbb\xbf" + content,
            content.replace(b"What", b"Wh\xff\xfet"),
            content.replace(b"What", "\ud800".encode("utf-8", "surrogatepass")),
            content.replace(b"What", b"\\ud800"),
            content + b"\x00" * 1000,
            content.decode().encode("cp500"),
        )
    )


def foreign(make: Maker) -> bytes:
    """Files of other kinds, and none."""
    content = _lines(make.rows())
    starts = (
        b"\x89PNG\r\n\x1a\n",
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        b"SQLite format 3\x00",
        b"PAR1",
        b"<html>",
        b"[",
        b"{",
        b"\x1f\x8b",
    )
    return make.draw.choice(
        (
            gzip.compress(content),
            make.draw.choice(starts) + make.draw.randbytes(make.size(1, 100_000)),
            b"",
            b" \n ",
            b"null",
            b"[]",
            b"{}",
            b"PAR1PAR1",
        )
    )


def table(make: Maker) -> OddFile:
    """CSV with odd quotes, headers and lines."""
    head = ",".join(make.row())
    line = ",".join(make.row().values())
    odd = (
        f'{head}\n"{line}',
        f'{head}\n{line}"\n{line}',
        f"{head}\n" + f"{line},more\n" * make.size(1, 20_000),
        f"{head},{head}\n{line},{line}",
        ",".join(f"c{n}" for n in range(make.size(10, 5000))) + "\n1",
        f"{head}\n" + '"a\n",' * make.size(10, 300_000),
        f"{head}\n" + "," * make.size(10, 3 * MIB),
        f"{head}\n{line}\n" + "\x00" * 100,
        f"{head}\r{line}\r",
        f"{head}\n" + line.replace("r", "'=1+1"),
        f"{head}\n" + '"' + "x" * make.size(1000, 3 * MIB),
        f"{head}\n{line}",
    )
    return OddFile("table", make.draw.choice(odd).encode(), "csv")


def fields(make: Maker) -> bytes:
    """Ids, levels and names of columns that cannot be."""
    row = make.row()
    odd = make.draw.choice(
        (
            ("id", make.draw.choice(_IDS)),
            ("difficulty", "hard"),
            ("topic", ""),
            ("answer", 5),
            ("question", None),
            ("", 1),
            ("_x", 1),
            ("a\nb", 1),
            ("created_at", "soon"),
            ("id", ["a"]),
        )
    )
    return _lines([{**row, odd[0]: odd[1]}])


def workbook(make: Maker) -> OddFile:
    """Excel: several sheets, long cells, many rows, or parts that unpack to much more than they are."""
    book = openpyxl.Workbook(write_only=True)
    rows = make.rows(400)
    for n in range(make.draw.choice((1, 1, 3))):
        sheet = book.create_sheet(f"Sheet {n}")
        for _ in range(make.draw.randrange(3)):
            sheet.append(["a title"])
        sheet.append([*rows[0], "note", *(f"c{n}" for n in range(make.draw.choice((0, 0, 400))))])
        extra = "x" * make.size(1, 32_000)
        for row in rows[n::3]:
            sheet.append([*row.values(), make.draw.choice((None, extra, 1.5, "#N/A", "=A1", "_x000D_"))])
    file = io.BytesIO()
    book.save(file)
    if make.draw.random() < 0.3:
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(
                make.draw.choice(("xl/sharedStrings.xml", "xl/media/a.bin")), bytes(make.size(MIB, 300 * MIB))
            )
    return OddFile("workbook", file.getvalue(), make.draw.choice(("", "xlsx")))


def packed(make: Maker) -> bytes:
    """Gzip: of others, of very much, twice, cut off, or with something behind it."""
    inner = make.draw.choice((honest, table, document, number))(make)
    content = gzip.compress(inner.content if isinstance(inner, OddFile) else inner)
    return make.draw.choice(
        (
            content,
            content + gzip.compress(_lines([make.row(900)])),
            content[: make.draw.randrange(len(content))],
            content + make.draw.randbytes(20),
            gzip.compress(content),
            gzip.compress(make.draw.choice((b"\0", b"[", b'{"a":', b" ", b"a,b\n")) * make.size(1000, 50 * MIB), 1),
        )
    )


def document(make: Maker) -> bytes:
    """JSON that holds its rows somewhere, and other things beside them."""
    rows = make.rows(300)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    more: dict[str, Any] = {"about": "x" * make.size(1, 9 * MIB), "n": [1] * make.size(1, 400_000), "rows": rows}
    odd: list[Any] = [
        {"data": rows},
        dict(make.draw.sample(list(more.items()), 2)),
        {"train": rows, "test": rows},
        {row["id"]: row for row in rows},
        columns,
        {**columns, "id": columns["id"][1:]},
        {name: dict(enumerate(cells)) for name, cells in columns.items()},
        {"columns": list(columns), "data": [list(row.values()) for row in rows]},
        {"a": {"b": {"data": rows}}},
        [[{"role": "user", "content": "q"}] for _ in rows],
    ]
    return json.dumps(make.draw.choice(odd), indent=make.draw.choice((None, 2))).encode()


# --- Parquet -------------------------------------------------------------------------------


def _looked_up(count: int, value: Any, kind: Any = None) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([value], kind))


def bomb(make: Maker) -> bytes:
    """Long values that a dictionary, a prefix or a run names very often."""
    rows, size = make.size(1, 20_000), make.size(100, 6 * MIB)
    count = min(rows, max(1, 400 * MIB // size))
    columns = make.columns(min(count, 1000))
    count = len(columns["id"])
    for name in make.draw.sample(("answer", "question", "reasoning", "extra", "more"), make.draw.randrange(1, 5)):
        columns[name] = _looked_up(count, "x" * size)
    return _parquet(columns, row_group_size=make.draw.choice((10, 500, 1_000_000)))


def plain_bomb(make: Maker) -> bytes:
    """Long values as they are, with little in them."""
    size = make.size(1000, 3 * MIB)
    count = max(1, min(make.size(1, 2000), 60 * MIB // size))
    options: dict[str, Any] = {"use_dictionary": False, "row_group_size": make.draw.choice((1, 100, 1_000_000))}
    if make.draw.random() < 0.4:
        options["column_encoding"] = {"answer": make.draw.choice(("DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"))}
    return _parquet(make.columns(count, answer=["y" * size] * count), **options)


def runs(make: Maker) -> bytes:
    """Very many rows in very few bytes."""
    count = make.size(10, 2_000_000)
    row = make.row()
    return _parquet({name: _looked_up(count, value) for name, value in row.items()}, row_group_size=count)


def nested(make: Maker) -> bytes:
    """Lists, maps and objects, some of them endless."""
    count = make.draw.randrange(1, 5)
    many = make.size(1, 300_000)
    kind: Any = pa.string()
    value: Any = "x"
    for _ in range(make.draw.randrange(1, 40)):
        kind, value = pa.list_(kind), [value]
    odd = (
        pa.array([[None] * many] * count, pa.list_(pa.int32())),
        pa.array([["ab"] * many] * count),
        pa.array([["t" * make.size(10, 100_000)] * min(many, 50)] * count),
        pa.array([[("k", "v")] * min(many, 1000)] * count, pa.map_(pa.string(), pa.string())),
        pa.array([{"a": [{"b": ["x"] * 10}] * 5}] * count),
        pa.array([value] * count, kind),
        pa.array([[1.0, float("nan")]] * count),
    )
    return _parquet(make.columns(count, odd=make.draw.choice(odd)))


def columns(make: Maker) -> bytes:
    """Very many columns, empty or not, or of one name."""
    count, rows = make.size(5, 3000), make.draw.randrange(1, 4)
    what = make.draw.choice((pa.nulls(rows, pa.string()), pa.array(["v"] * rows), pa.nulls(rows)))
    made = pa.table(make.columns(rows, **{f"c{n}": what for n in range(count)}))
    if make.draw.random() < 0.2:
        made = made.rename_columns([name if not name.startswith("c") else "c" for name in made.column_names])
    return _parquet(made)


def types(make: Maker) -> bytes:
    """Columns of every type."""
    count = make.draw.randrange(1, 6)
    values: tuple[tuple[Any, Any], ...] = (
        (decimal.Decimal("1.50"), None), (decimal.Decimal(10) ** 30, None), (datetime.date(1, 1, 1), None),
        (datetime.datetime(9999, 12, 31), None), (datetime.timedelta(days=9), None), (datetime.time(1), None),
        (2**64 - 1, pa.uint64()), (-(2**63), pa.int64()), (1.5, pa.float32()), (float("nan"), None),
        (float("inf"), None),
        (b"\xff\x00", None), (b"abcd", pa.binary(4)), (True, None), ("x", pa.large_string()), ("x", pa.string_view()),
        (0, pa.timestamp("ns")), (2**62, pa.timestamp("s")), (1, pa.duration("ns")),
    )  # fmt: skip
    extra = {}
    for n, (value, kind) in enumerate(make.draw.sample(values, 6)):
        extra[f"t{n}"] = pa.array([value] * count, kind)
    if make.draw.random() < 0.3:
        name = make.draw.choice(("id", "answer", "difficulty", "created_at", "tokens_used"))
        value, kind = make.draw.choice(values)
        extra[name] = pa.array([value] * count, kind)
    try:
        return _parquet(make.columns(count, **extra))
    except pa.ArrowException:  # not all of them can be written
        return _parquet(make.columns(count))


def broken(make: Maker) -> bytes:
    """Any of the others, cut off or with bytes changed."""
    kind = make.draw.choice(
        [name for name in _KINDS if name not in ("broken", "bomb", "plain_bomb", "runs", "crowded")]
    )
    made = _KINDS[kind][1](make)
    content = bytearray(made.content if isinstance(made, OddFile) else made)
    for _ in range(make.draw.randrange(0, 4)):
        if content:
            # What a Parquet file says of itself stands at its end.
            near = len(content) - 1 - int(len(content) ** make.draw.random())
            content[make.draw.choice((max(near, 0), make.draw.randrange(len(content))))] = make.draw.randrange(256)
    if make.draw.random() < 0.4:
        content = content[: make.draw.randrange(len(content) + 1)]
    return bytes(content)


_KINDS: dict[str, tuple[float, Callable[[Maker], bytes | OddFile]]] = {
    "honest": (10, honest), "claims": (2, claims), "deep": (5, deep), "wide": (4, wide), "long": (3, long),
    "crowded": (1, crowded), "array": (3, array), "number": (5, number), "repeated": (3, repeated),
    "not_text": (6, not_text), "foreign": (6, foreign), "table": (8, table), "fields": (6, fields), "bomb": (4, bomb),
    "plain_bomb": (2, plain_bomb), "runs": (2, runs), "nested": (6, nested), "columns": (4, columns),
    "types": (8, types), "broken": (20, broken),
    "workbook": (6, workbook), "packed": (6, packed), "document": (6, document),
}  # fmt: skip
