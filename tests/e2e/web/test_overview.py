"""The first page in a browser: the first steps of a new user, the figures of a data set."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.server import RunningServer
from tests.e2e.web.browser import faults, needs_chromium, opened
from tests.fakes import sample

pytestmark = [needs_chromium, pytest.mark.timeout(300)]
MARKUP = "<b onclick=alert(1)>bold</b>"


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_a_new_user_sees_three_steps_and_then_the_figures(
    browser: Browser, tmp_path: Path, width: int, dark: bool
) -> None:
    with (
        RunningServer(tmp_path) as server,
        opened(browser, server.url.removesuffix("/api"), width=width, dark=dark) as page,
    ):
        page.goto("/")
        expect(page.get_by_role("heading", name="Three steps to your first data set")).to_be_visible()
        assert page.get_by_role("link", name="Generate 5 samples").get_attribute("href") == "/ui/generate?count=5"
        assert faults(page) == []

        for number in range(3):
            topic = f"Tort Law {MARKUP} - Nuisance" if number else "Tort Law - Nuisance"
            server.post("add", **sample(id=f"s{number}", question=f"Question {number}?", topic=topic))
        page.goto("/ui/")
        expect(page.locator(".figures dd").first).to_have_text("3")
        expect(page.get_by_role("row", name=f"Tort Law {MARKUP}").first).to_be_visible()
        expect(page.get_by_text("Pass every check")).to_be_visible()
        expect(page.get_by_text("Pairs alike by 60 % or more")).to_be_visible()
        expect(page.get_by_role("columnheader", name="Foundational*")).to_be_visible()
        assert page.locator("main td.thin:nth-child(2)").count() == 0
        assert "-0 %" not in page.locator("main").inner_text()
        assert page.locator("main b").count() == 0
        assert faults(page) == []
        page.get_by_role("link", name="Tort Law", exact=True).click()
        expect(page.get_by_role("heading", name="Topics of Tort Law by difficulty")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_the_figures_are_one_click_away(browser: Browser, tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        server.post("add", **sample(id="s"))
        with opened(browser, server.url.removesuffix("/api"), scripts=False) as page:
            page.goto("/ui/")
            page.get_by_label("Type").select_option("simple_qa")
            page.get_by_role("button", name="Show").click()
            expect(page.get_by_text("No samples match.")).to_be_visible()
            page.get_by_role("link", name="Measure the data set").click()
            expect(page.get_by_text("Pass every check")).to_be_visible()
