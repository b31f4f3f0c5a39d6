"""The workbench, loaded by the commands that need it: it brings the whole service, which takes half a second."""

from typing import TYPE_CHECKING

from config import Settings

if TYPE_CHECKING:
    from services.workbench import Workbench


def workbench(settings: Settings) -> "Workbench":
    """Return what is done without a running service."""
    from bootstrap import workbench as made

    return made(settings)
