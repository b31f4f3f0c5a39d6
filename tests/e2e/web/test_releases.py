"""Releases in a browser: made, followed, looked at, compared, verified, pushed, pulled elsewhere, withdrawn."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.server import RunningServer
from tests.e2e.web.browser import faults, needs_chromium, opened
from tests.fakes import sample
from tests.services.dataset.releases.conftest import texts_of
from tests.vendors.hub import TOKEN, SimulatedHub

pytestmark = [needs_chromium, pytest.mark.timeout(400)]


def filled(server: RunningServer) -> None:
    for number in range(8):
        assert server.post("add", **sample(**{**texts_of(number), "id": f"s{number}"}))["success"]


def looked_at_to_the_end(page: Page, scripts: bool) -> None:
    """Without scripts one looks again and again."""
    again = page.get_by_role("link", name="Look again")
    ended = page.locator("#run-panel .notice")
    while not scripts and not ended.count():
        again.or_(ended).first.click()
    expect(ended).to_be_visible()


def agreed(page: Page) -> None:
    page.once("dialog", lambda dialog: dialog.accept())


def sound(page: Page, scripts: bool) -> None:
    """What axe-core looks at runs as a script."""
    assert not scripts or faults(page) == []


def made(page: Page, scripts: bool) -> None:
    """Come from the page Publish, name the release wrongly, then rightly; follow its run."""
    page.goto("/ui/publish")
    page.get_by_role("button", name="Make a release of it").click()
    page.get_by_label("Name", exact=True).fill("tort law")
    page.get_by_label("Splits", exact=True).select_option("0.8,0.1,0.1")
    if not scripts:
        page.get_by_role("button", name="Show what is in it").click()
    expect(page.locator("#preview")).to_contain_text("in train")
    page.get_by_role("button", name="Make the release").click()
    expect(page.locator("#e-name")).to_contain_text("want it in the form told below")
    sound(page, scripts)
    page.get_by_label("Name", exact=True).fill("tort-law")
    page.get_by_role("button", name="Make the release").click()
    looked_at_to_the_end(page, scripts)
    expect(page.locator(".notice.done")).to_have_text("tort-law 1.0.0 is made: 8 samples.")
    sound(page, scripts)


def withdrawn(page: Page) -> None:
    """Yank the release that is shown, then erase its files."""
    page.get_by_label("Why it should not be used any more").fill("One row is wrong")
    page.get_by_role("button", name="Yank").click()
    expect(page.locator(".notice.problem")).to_contain_text("Do not use it any more. One row is wrong")
    page.get_by_text("Erase its files").first.click()
    page.get_by_label("Why", exact=True).fill("Asked to")
    page.get_by_label("I know that this cannot be undone").check()
    agreed(page)
    page.get_by_role("button", name="Erase its files").click()
    expect(page.get_by_text("Its files were erased; what was in it")).to_be_visible()
    page.get_by_role("link", name="All releases").click()
    expect(page.get_by_role("row", name="tort-law 1.0.0 Yanked")).to_contain_text("Asked to")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_release_is_made_verified_compared_made_again_and_withdrawn(
    browser: Browser, tmp_path: Path, scripts: bool
) -> None:
    with RunningServer(tmp_path) as server:
        filled(server)
        with opened(browser, server.url.removesuffix("/api"), scripts=scripts) as page:
            made(page, scripts)
            page.get_by_role("link", name="Look at it").click()
            first = page.url
            page.get_by_role("button", name="Verify the files here").click()
            expect(page.locator("#check")).to_contain_text("every one of the 8 rows")
            assert not scripts or page.url == first
            sound(page, scripts)
            page.goto(first)
            page.get_by_label("Split", exact=True).select_option("train")
            page.get_by_label("Format", exact=True).select_option("jsonl")
            with page.expect_download() as waiting:
                page.get_by_role("button", name="Download").click()
            assert waiting.value.suggested_filename == "tort-law-1.0.0-train.jsonl"
            with page.expect_download() as waiting:
                page.get_by_role("link", name="release.json").click()
            assert '"tort-law"' in Path(waiting.value.path()).read_text()

            server.session.put(f"{server.url}/sample/s1", json={"answer": "Another answer."}, timeout=60)
            page.get_by_role("button", name="Make it again").click()
            looked_at_to_the_end(page, scripts)
            page.get_by_role("link", name="What differs from the version before").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("tort-law 1.0.0 beside tort-law 1.1.0")
            expect(page.get_by_role("row", name="s1 Answer")).to_be_visible()
            sound(page, scripts)
            page.get_by_role("link", name="s1").click()
            expect(page.get_by_text("Another answer.")).to_be_visible()

            page.goto(first)
            withdrawn(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_release_goes_to_the_hub_and_comes_back_elsewhere(browser: Browser, tmp_path: Path, scripts: bool) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    with SimulatedHub() as hub, RunningServer(here, hf_endpoint=hub.url, hf_hub_offline="0") as server:
        filled(server)
        with opened(browser, server.url.removesuffix("/api"), scripts=scripts) as page:
            page.goto("/ui/releases/new")
            page.get_by_label("Name", exact=True).fill("law")
            page.get_by_role("button", name="Make the release").click()
            looked_at_to_the_end(page, scripts)
            page.get_by_role("link", name="Look at it").click()
            release = page.url
            page.locator("#push").get_by_label("Repository").fill("lawyer/law")
            page.locator("#push").get_by_label("Token of the Hub").fill(TOKEN)
            page.get_by_role("button", name="Push as v1.0.0").click()
            looked_at_to_the_end(page, scripts)
            expect(page.locator(".notice.done")).to_contain_text("tagged v1.0.0")
            assert TOKEN not in page.content()
            page.goto(release)
            page.get_by_text("Verify the copy on the Hugging Face Hub").click()
            page.locator("#v-repo").fill("lawyer/law")
            page.locator("#v-token").fill(TOKEN)
            page.get_by_role("button", name="Verify the copy").click()
            expect(page.locator("#check")).to_contain_text("every one of the 8 rows")

        with (
            RunningServer(there, hf_endpoint=hub.url, hf_hub_offline="0") as other,
            opened(browser, other.url.removesuffix("/api"), scripts=scripts) as page,
        ):
            page.goto("/ui/releases")
            page.get_by_label("Repository").fill("lawyer/law")
            page.get_by_label("Tag").fill("v1.0.0")
            page.get_by_label("Token of the Hub").fill(TOKEN)
            page.get_by_role("button", name="Pull").click()
            looked_at_to_the_end(page, scripts)
            expect(page.locator(".notice.done")).to_contain_text("each with its right hash")
            page.get_by_role("link", name="All releases").click()
            expect(page.get_by_role("row", name="law 1.0.0")).to_contain_text("lawyer/law@v1.0.0")

    assert hub.private["lawyer/law"] is True
