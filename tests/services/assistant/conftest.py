"""What the assistant keeps, in a real database."""

import pytest

from models.assistant.stores import AssistantStores, assistant_stores
from models.engines.writer import Writer
from utils.clock import ManualClock


@pytest.fixture
def stores(writer: Writer, clock: ManualClock) -> AssistantStores:
    return assistant_stores(writer.engine, writer, clock)
