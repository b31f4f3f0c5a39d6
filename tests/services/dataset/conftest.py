"""What the tests of the data set share."""

from pathlib import Path

import pytest

from models.samples.sample_store import SampleStore
from services.dataset.import_service import ImportService
from utils.clock import ManualClock


@pytest.fixture
def imports(store: SampleStore, tmp_path: Path, clock: ManualClock) -> ImportService:
    return ImportService(store, tmp_path, clock)
