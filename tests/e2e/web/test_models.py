"""Providers and models: keys, tests, order, switches, added providers, the embedded model; with and without scripts."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.server import RunningServer
from tests.e2e.web.browser import faults, needs_chromium, opened
from tests.fakes import CATALOG
from tests.patience import until
from tests.services.llm.embedded.test_weights import registry  # noqa: F401  # the fixture
from tests.vendors.simulator import Reply, SimulatedVendor
from tests.vendors.wire import vendor_error
from utils.access_tokens import new_token

pytestmark = [needs_chromium, pytest.mark.timeout(300)]
MARKUP = "<img src=x onerror=alert(1)>"
KEY = "gsk_test_0123456789"
MODELS = ("openai/gpt-oss-120b", "openai/gpt-oss-20b", f"odd/{MARKUP}")


@dataclass
class Place:
    """A service, and the vendor that it calls."""

    server: RunningServer
    vendor: SimulatedVendor

    @property
    def base(self) -> str:
        return self.server.url.removesuffix("/api")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with SimulatedVendor("groq", MODELS) as vendor:
        settings = {"groq_base_url": vendor.url, "groq_api_key": KEY, "allow_private_base_urls": True}
        with RunningServer(tmp_path_factory.mktemp("models"), **settings) as server:
            until(lambda: any(row["id"] == MODELS[2] for row in server.get("models/all?provider=groq")["models"]))
            yield Place(server, vendor)


def order(page: Page) -> list[str]:
    rows = page.locator("tbody[data-order] > tr").all()
    return [row.get_attribute("data-model") or "" for row in rows]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_provider_is_tested_and_the_fault_of_its_vendor_shows_as_text(
    browser: Browser, place: Place, scripts: bool
) -> None:
    with opened(browser, place.base, scripts=scripts) as page:
        page.goto("/ui/providers")
        page.get_by_role("link", name="Groq").click()
        expect(page.get_by_text("from the settings of the service")).to_be_visible()
        page.get_by_role("button", name="Test", exact=True).click()
        expect(page.get_by_text("openai/gpt-oss-120b answered in")).to_be_visible()
        place.vendor.fault = lambda number, body: vendor_error("groq", 401, f"bad key {MARKUP}")
        page.get_by_role("button", name="Test", exact=True).click()
        expect(page.locator("#test-result")).to_contain_text(MARKUP)
        assert page.locator("main img").count() == 0
        place.vendor.fault = lambda number, body: None
        page.get_by_role("button", name="Test: openai/gpt-oss-20b").click()
        expect(page.get_by_text("openai/gpt-oss-20b answered in")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_models_are_moved_and_switched_and_the_order_stays(browser: Browser, place: Place, scripts: bool) -> None:
    with opened(browser, place.base, scripts=scripts) as page:
        page.goto("/ui/providers/groq")
        before = order(page)
        assert len(before) >= 2
        page.get_by_role("button", name=f"Down: {before[0]}").click()
        expect(page.locator("tbody[data-order] > tr").first).to_have_attribute("data-model", before[1])
        if scripts:
            expect(page.get_by_role("button", name=f"Down: {before[0]}")).to_be_focused()
        page.reload()
        assert order(page)[:2] == [before[1], before[0]]
        page.get_by_role("button", name=f"Up: {before[0]}").click()
        expect(page.locator("tbody[data-order] > tr").first).to_have_attribute("data-model", before[0])
        page.get_by_role("button", name=f"Switch off: {before[1]}").click()
        expect(page.locator("tbody[data-order] > tr", has_text=before[1])).to_have_count(0)
        page.locator("#other-models > summary").click()
        page.get_by_role("button", name=f"Switch on: {before[1]}").click()
        expect(page.locator("tbody[data-order] > tr", has_text=before[1])).to_have_count(1)
        assert order(page) == before


def test_models_are_ordered_by_dragging(browser: Browser, place: Place) -> None:
    with opened(browser, place.base) as page:
        page.goto("/ui/providers/groq")
        before = order(page)
        rows = page.locator("tbody[data-order] > tr")
        with page.expect_response("**/order"):
            rows.nth(0).locator("th").drag_to(rows.nth(1), target_position={"x": 60, "y": 60})
        expect(page.locator("tr.dragged")).to_have_count(0)
        expect(rows.first).to_have_attribute("data-model", before[1])
        page.reload()
        assert order(page)[:2] == [before[1], before[0]]
        page.get_by_role("button", name=f"Up: {before[0]}").click()
        expect(rows.first).to_have_attribute("data-model", before[0])


@pytest.mark.parametrize("scripts", [True, False])
def test_a_provider_is_added_its_key_tried_and_never_shown_and_the_provider_removed(
    browser: Browser, place: Place, scripts: bool
) -> None:
    secret = "never-shown-key"
    with SimulatedVendor("openai", ["law-model"]) as vendor, opened(browser, place.base, scripts=scripts) as page:
        page.goto("/ui/providers")
        page.get_by_text("Add a provider").click()
        page.get_by_label("Name").fill(f"Mine {scripts} {MARKUP}")
        page.get_by_label("Address").fill(vendor.url)
        page.get_by_label("Key").fill(secret)
        page.get_by_label("Default model").fill("law-model")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Mine {scripts} {MARKUP}")
        expect(page.get_by_text("stored, encrypted")).to_be_visible()
        assert secret not in page.content()
        vendor.listing = Reply(401, {"error": {"message": f"unknown key {MARKUP}", "type": "invalid_request_error"}})
        page.get_by_label("New key").fill("wrong-key")
        page.get_by_role("button", name="Store", exact=True).click()
        expect(page.get_by_text("The vendor refused the key")).to_be_visible()
        expect(page.locator(".badge", has_text="Off").first).to_be_visible()
        assert page.locator("main img").count() == 0
        assert "wrong-key" not in page.content()
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Remove", exact=True).click()
        expect(page.get_by_text("was removed.")).to_be_visible()
        assert page.get_by_role("link", name="Mine").count() == 0


def test_limits_are_changed_and_restored_by_keys_alone(browser: Browser, place: Place) -> None:
    with opened(browser, place.base) as page:
        page.goto("/ui/providers/groq")
        summary = page.get_by_text("Address, limits and defaults")
        summary.focus()
        page.keyboard.press("Enter")
        for value, shown in (("7", "7 requests"), ("", "25 requests")):
            page.get_by_label("Requests a minute").focus()
            page.keyboard.press("Control+a")
            page.keyboard.press("Delete")
            page.keyboard.type(value)
            page.keyboard.press("Enter")
            expect(page.get_by_text(shown)).to_be_visible()
            page.get_by_text("Address, limits and defaults").focus()
            page.keyboard.press("Enter")


def test_a_wrong_address_is_told_in_the_page_and_the_form_keeps_what_was_typed(browser: Browser, place: Place) -> None:
    with opened(browser, place.base) as page:
        page.goto("/ui/providers")
        page.get_by_text("Add a provider").click()
        page.get_by_label("Name").fill("Wrong")
        page.get_by_label("Address").fill("ftp://example.com")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.locator("#notices .problem")).to_be_visible()
        expect(page.get_by_label("Name")).to_have_value("Wrong")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_model_of_this_machine_is_fetched_by_one_click_and_a_failure_says_what_to_do(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scripts: bool
) -> None:
    for name in ("HF_ENDPOINT", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with RunningServer(tmp_path) as server, opened(browser, server.url.removesuffix("/api"), scripts=scripts) as page:
        page.goto("/ui/providers")
        expect(page.get_by_text("Not fetched yet").first).to_be_visible()
        page.get_by_role("button", name="Fetch it").click()
        while not scripts and not page.get_by_role("button", name="Try again").count():
            page.reload()
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        expect(page.locator("#embedded-model .problem")).to_contain_text("check the network")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_model_of_this_machine_is_ready_once_it_was_fetched(
    browser: Browser,
    registry: Path,  # noqa: F811  # the fixture
    scripts: bool,
) -> None:
    catalog = Path(shutil.copytree(CATALOG, registry / "whole"))
    shutil.copy(registry / "catalog" / "weights.toml", catalog)
    with (
        RunningServer(registry, catalog_dir=catalog) as server,
        opened(browser, server.url.removesuffix("/api"), scripts=scripts) as page,
    ):
        page.goto("/ui/providers")
        page.get_by_role("button", name="Fetch it").click()
        expect(page.locator("#notices")).to_contain_text("tiny is")
        while not scripts and page.get_by_text("Being fetched").count():
            page.reload()
        expect(page.locator("#embedded-model .badge")).to_have_text("Ready")
        page.goto("/ui/providers/local")
        expect(page.locator(".badge").first).to_have_text("Ready")
    assert (registry / "models" / "tiny.gguf").is_file()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_pages_of_models_have_no_faults_and_never_scroll_sideways(
    browser: Browser, place: Place, width: int, dark: bool
) -> None:
    with opened(browser, place.base, width=width, dark=dark) as page:
        for address in ("/ui/providers", "/ui/providers/groq", "/ui/providers/local", "/ui/providers/anthropic"):
            page.goto(address)
            for summary in page.locator("summary").all():
                summary.click()
            assert faults(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_who_may_write_sees_models_and_changes_none(browser: Browser, tmp_path: Path) -> None:
    token = new_token()
    with RunningServer(tmp_path, api_tokens=f"write:{token}", groq_api_key=KEY) as server:
        base = server.url.removesuffix("/api")
        with opened(browser, base) as page:
            page.goto("/ui/providers")
            page.get_by_label("Access token").fill(token)
            page.keyboard.press("Enter")
            page.get_by_role("link", name="Groq").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Groq")
            assert page.get_by_text("from the settings").count() == 0
            for name in ("Test", "Store", "Switch on", "Save"):
                assert page.get_by_role("button", name=name, exact=True).count() == 0
            key = (page.locator("body").get_attribute("hx-headers") or "").split('"')[3]
            for action in ("toggle", "key", "change", "test", "move", "order", "switch", "remove"):
                forced = page.request.post(f"{base}/ui/providers/groq/{action}", headers={"X-CSRFToken": key})
                assert forced.status == 403
