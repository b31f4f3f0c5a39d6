"""Takes a file in, as the API does."""

import io
from typing import Any

from models.contract.answers.dataset import Imported
from services.dataset.import_service import ImportRequest, ImportService


def take(imports: ImportService, content: bytes, **options: Any) -> Imported:
    """Import *content* with *options* of the request."""
    with imports.received(io.BytesIO(content)) as path:
        return imports.run(path, ImportRequest(**options))
