"""What a module of `web/views/` says of its pages, in its SPEC."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """An entry of the menu.

    Attributes:
        place: Where it stands: smaller numbers first.
        endpoint: What it leads to, as "ui.overview".
        icon: A name of heroicons.
        label: Its words.
        role: Who sees it.
    """

    place: int
    endpoint: str
    icon: str
    label: str
    role: str = "read"


@dataclass(frozen=True, slots=True)
class PageSpec:
    """The pages of one subject.

    Attributes:
        add_to: Adds them to the blueprint.
        menu: Their entry in the menu; None for pages that others lead to.
    """

    add_to: Callable[[Blueprint], None]
    menu: MenuEntry | None = None
