"""The authorities of a test, as either database keeps them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.catalogue.authority_store import AuthorityStore, SharedAuthorities
from models.database import open_engine
from models.engines.heads import Heads
from tests.databases import needs_postgresql, postgres

KINDS = ["sqlite", pytest.param("postgresql", marks=needs_postgresql)]


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[AuthorityStore]:
    """Lend the authorities of a machine; those of one folder are the same on PostgreSQL."""
    if kind == "sqlite":
        made = AuthorityStore(folder / "authorities.db")
        yield made
        made.close()
        return
    engine = open_engine(postgres().database(str(folder)))
    made = SharedAuthorities(engine, Heads(engine))
    yield made
    made.close()
    engine.dispose()
