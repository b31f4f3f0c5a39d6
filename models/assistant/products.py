"""Products: saved slices of the data set, with what was in them."""

import orjson
from sqlalchemy import Connection, Engine, delete, insert, select
from typing_extensions import TypedDict

from models.database import ProductRow
from models.engines.opening import reading
from models.engines.writer import Writer
from utils.errors import ExistsError, NotFoundError


class ProductRecord(TypedDict):
    """A product as it is kept; `facts` is what was counted when it was saved."""

    id: str
    name: str
    kind: str
    description: str
    created_at: str
    filters: dict[str, str]
    facts: dict[str, object]


_SHOWN = (
    ProductRow.id,
    ProductRow.name,
    ProductRow.kind,
    ProductRow.description,
    ProductRow.created_at,
    ProductRow.filters,
    ProductRow.facts,
)


class ProductStore:
    """Reads and writes the table. Thread-safe."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def add(self, record: ProductRecord, hashes: dict[str, str]) -> None:
        """Keep a product.

        Raises:
            ExistsError: there is one of this name.
        """

        def change(connection: Connection) -> None:
            taken = connection.execute(select(ProductRow.id).where(ProductRow.name == record["name"])).first()
            if taken is not None:
                raise ExistsError(f"name: {record['name'][:80]!r} is the name of product {taken[0]}; choose another")
            connection.execute(
                insert(ProductRow).values(
                    id=record["id"],
                    name=record["name"],
                    kind=record["kind"],
                    description=record["description"],
                    created_at=record["created_at"],
                    filters=_text(record["filters"]),
                    facts=_text(record["facts"]),
                    hashes=_text(hashes),
                )
            )

        self._writer.run(change)

    def all(self) -> list[ProductRecord]:
        """Return all products, newest first."""
        order = select(*_SHOWN).order_by(ProductRow.created_at.desc(), ProductRow.id)
        with reading(self._engine) as connection:
            return [_record(*row) for row in connection.execute(order)]

    def get(self, product_id: str) -> tuple[ProductRecord, dict[str, str]]:
        """Return a product and the hashes of its samples by id; NotFoundError when there is none."""
        with reading(self._engine) as connection:
            wanted = select(*_SHOWN, ProductRow.hashes).where(ProductRow.id == product_id)
            row = connection.execute(wanted).first()
        if row is None:
            raise _unknown(product_id)
        return _record(*row[:-1]), orjson.loads(row[-1])

    def delete(self, product_id: str) -> None:
        """Delete a product, none of its samples; NotFoundError when there is none."""

        def change(connection: Connection) -> int:
            return connection.execute(delete(ProductRow).where(ProductRow.id == product_id)).rowcount

        if not self._writer.run(change):
            raise _unknown(product_id)


def _unknown(product_id: str) -> NotFoundError:
    return NotFoundError(f"product {product_id[:100]!r}: is not there; list them with GET /api/products")


def _text(value: object) -> str:
    return orjson.dumps(value).decode()


def _record(  # the columns of a row, in their order
    product_id: str, name: str, kind: str, description: str, created_at: str, *texts: str
) -> ProductRecord:
    filters, facts = (orjson.loads(text) for text in texts)
    return {
        "id": product_id,
        "name": name,
        "kind": kind,
        "description": description,
        "created_at": created_at,
        "filters": filters,
        "facts": facts,
    }
