"""The writer's thread outlives whatever happens to it."""

import pytest
from sqlalchemy import text

from models.engines.writer import Writer


def test_a_fault_of_the_writer_itself_is_told_to_who_waits_and_ends_nothing(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bool:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(writer, "_together", broken)
        with pytest.raises(RuntimeError, match="a fault of ours"):
            writer.run(lambda connection: connection.execute(text("SELECT 1")).scalar())

    assert writer.run(lambda connection: connection.execute(text("SELECT 1")).scalar()) == 1
