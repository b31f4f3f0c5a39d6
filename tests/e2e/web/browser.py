"""A real Chromium at a real server: opened once a worker, one fresh context a test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from tests.patience import PATIENCE_S

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
expect.set_options(timeout=PATIENCE_S * 1000 / 4)


@contextmanager
def opened(
    browser: Browser,
    base: str,
    *,
    scripts: bool = True,
    width: int = 1280,
    dark: bool = False,
    may_say: tuple[str, ...] = (),
) -> Iterator[Page]:
    """Open a page of its own; the test fails if it asked others or its console said more than *may_say*."""
    told: list[str] = []
    context = browser.new_context(
        base_url=base,
        java_script_enabled=scripts,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
    )
    context.set_default_timeout(PATIENCE_S * 1000 / 4)
    page = context.new_page()

    def said(message: ConsoleMessage) -> None:
        # An answer that says no is told on the page; the browser notes it besides.
        if not any(one in message.text for one in ("the server responded with a status of 4", *may_say)):
            told.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith((base, "data:")):
            told.append(f"asked {request.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", asked)
    try:
        yield page
    finally:
        context.close()
    assert told == [], told


def faults(page: Page) -> list[str]:
    """Return what axe-core finds wrong with the page as it is now: rule, and the elements."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['impact']}): {[node['html'][:160] for node in one['nodes'][:4]]}"
        for one in found["violations"]
    ]
