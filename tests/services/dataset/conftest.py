"""What the tests of the data set share."""

from pathlib import Path

import pytest

from models.samples.sample_store import SampleStore
from services.dataset.exporting import Exporter
from services.dataset.hub.push import HubAccess
from services.dataset.import_service import ImportService
from services.dataset.publish_service import PublishService
from services.formats import exporters
from services.formats.export_format import ExportFormat
from services.quality.citation_audit import CitationAudit
from tests.fakes import CHECKER
from utils.clock import ManualClock
from utils.plugins import find_specs


@pytest.fixture
def imports(store: SampleStore, tmp_path: Path, clock: ManualClock) -> ImportService:
    return ImportService(store, tmp_path, clock)


@pytest.fixture
def publish(store: SampleStore, tmp_path: Path) -> PublishService:
    specs = find_specs(exporters, ExportFormat)
    return PublishService(
        Exporter(store, CitationAudit(store, CHECKER), specs), tmp_path / "push", HubAccess(), lambda: iter(())
    )
