"""What the dialects say in different words."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Integer, String, bindparam, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.functions import GenericFunction

# Numbers of 64 bits: SQLite has no others, and counts its own rows by nothing but INTEGER.
WHOLE = BigInteger().with_variant(Integer(), "sqlite")
# Texts sort by their characters' codes, as SQLite's do, whatever language a server is set to.
TEXT = String().with_variant(String(collation="C"), "postgresql")

_ESCAPED_NUL = r"(?<!\\)((?:\\\\)*)\\u0000"


class JsonText(GenericFunction[str]):
    """`json_text(column, name)`: a member of the JSON object in a column of text, as text; null where it has none."""

    type = String()
    name = "json_text"
    inherit_cache = True


@compiles(JsonText, "sqlite")
def _json_in_sqlite(element: JsonText, compiler: SQLCompiler, **given: object) -> str:
    column, name = element.clauses
    path = f"'$.{_name_of(name)}'"
    return f"CAST(json_extract({compiler.process(column, **given)}, {path}) AS TEXT)"


@compiles(JsonText, "postgresql")
def _json_in_postgresql(element: JsonText, compiler: SQLCompiler, **given: object) -> str:
    column, name = element.clauses
    text_of = compiler.process(column, **given)
    # An escaped NUL anywhere in an object has PostgreSQL refuse all of it; behind an escaped backslash it is none.
    without = f"regexp_replace({text_of}, '{_ESCAPED_NUL}', '\\1', 'g')"
    plain = f"CASE WHEN strpos({text_of}, '\\u0000') = 0 THEN {text_of} ELSE {without} END"
    return f"(CAST({plain} AS json) ->> '{_name_of(name)}')"


def _name_of(clause: object) -> str:
    name = str(getattr(clause, "value", ""))
    if not name.isidentifier():
        raise ValueError(f"json_text: {name!r} is no name of a member")
    return name


def replacing(table: type[DeclarativeBase], key: str, columns: Sequence[str], counted: str) -> dict[str, Insert]:
    """Return, by dialect, an insert that replaces the row of the same *key*; its *counted* id is a new one.

    Args:
        table: Where to.
        key: A unique column.
        columns: What is set, each by a parameter of its name.
        counted: The column that the database counts.
    """
    values: dict[str, object] = {name: bindparam(name) for name in columns}
    at_once = postgresql.insert(table).values(values)
    changed = {name: at_once.excluded[name] for name in columns if name != key}
    return {
        "sqlite": sqlite.insert(table).prefix_with("OR REPLACE").values(values),
        "postgresql": at_once.on_conflict_do_update(index_elements=[key], set_={**changed, counted: text("DEFAULT")}),
    }
