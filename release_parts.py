"""Wires releases: the composition root's part for them."""

from dataclasses import dataclass

from api.edge.version import VERSION
from config import Settings
from models.samples.releases.release_files import ReleaseFiles
from models.samples.releases.release_store import ReleaseStore
from models.stores import Stores
from services.dataset.exporting import Exporter, ExportTools
from services.dataset.hub.push import HubAccess
from services.dataset.releases.release_service import ReleaseService, Shelf
from services.dataset.releases.sharing import ReleaseSharing
from services.streams.run_service import RunService
from utils.side.tasks import Side


@dataclass(frozen=True)
class Releases:
    """Releases, and their way to the Hub."""

    releases: ReleaseService
    sharing: ReleaseSharing


def build_releases(
    settings: Settings, stores: Stores, exporter: Exporter, hub: HubAccess, runs: RunService, side: Side[ExportTools]
) -> Releases:
    """Wire them beside the samples of *stores*."""
    store = ReleaseStore(stores.engine, stores.writer)
    files = ReleaseFiles(settings.data_url or str(settings.data_dir.expanduser().resolve()))

    def figures(batch_id: str) -> tuple[int | None, float | None]:
        batch = stores.tables.batches.get(batch_id)
        if batch is None:
            return None, None
        return batch["request"].get("seed"), None if batch["unpriced_tokens"] else round(batch["cost_usd"], 6)

    shelf = Shelf(store, files, stores.samples, exporter, figures, stores.clock, VERSION, side)
    releases = ReleaseService(shelf, runs)
    return Releases(releases, ReleaseSharing(releases, store, files, runs, hub))
