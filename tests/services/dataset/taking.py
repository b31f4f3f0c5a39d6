"""Takes a file in and writes one, as the API does."""

import io
from typing import Any

from models.contract.answers.dataset import Imported
from services.dataset.exporting import ExportRequest
from services.dataset.import_service import ImportRequest, ImportService
from services.dataset.publish_service import PublishService


def take(imports: ImportService, content: bytes, **options: Any) -> Imported:
    """Import *content* with *options* of the request."""
    with imports.received(io.BytesIO(content)) as path:
        return imports.run(path, ImportRequest(**options))


def written(publish: PublishService, **request: Any) -> bytes:
    """Return an export by *request*."""
    return b"".join(publish.export(ExportRequest(**request)).content)
