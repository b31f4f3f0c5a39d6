"""The assistant: answers word by word, over a reload, stopped; citations, offers, memories; also without scripts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.e2e.server import BUSY_S, RunningServer
from tests.e2e.web.browser import faults, needs_chromium, opened
from tests.patience import until
from tests.vendors.dripping import DrippingVendor
from tests.vendors.moorings import ACT, TITLE
from utils.access_tokens import new_token

pytestmark = [needs_chromium, pytest.mark.timeout(300)]
MARKUP = "<img src=x onerror=alert(1)>"
FEE = "The owner of a vessel must pay a fee of 250 pounds for a licence within 21 days of its grant."
MANY = 1000


@dataclass
class Place:
    """A service, and the vendor whose words come when they are let go."""

    server: RunningServer
    vendor: DrippingVendor

    @property
    def base(self) -> str:
        return self.server.url.removesuffix("/api")


@pytest.fixture
def place(own: Place) -> Place:
    own.vendor.words = [f"word{number} {MARKUP} " for number in range(60)]
    return own


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with DrippingVendor([]) as vendor:
        settings = {"openai_base_url": vendor.url, "openai_api_key": "k", "embedder": "off", "threads": 68}
        with RunningServer(tmp_path_factory.mktemp("assistant"), **settings) as server:
            told = {"wait": "true", "title": TITLE, "jurisdiction": "uk"}
            requests.post(f"{server.url}/files/upload", data=ACT.encode(), params=told, timeout=BUSY_S)
            yield Place(server, vendor)


def ask(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.get_by_role("button", name="Ask", exact=True).click()


def test_an_answer_comes_word_by_word_and_goes_on_after_a_reload_and_in_a_new_visit(
    browser: Browser, place: Place
) -> None:
    before = place.vendor.asked
    with opened(browser, place.base) as page:
        page.goto("/ui/assistant")
        ask(page, "hello there <b>friend</b>")
        until(lambda: place.vendor.asked > before)
        expect(page.locator("#sessions")).to_contain_text("hello there <b>friend</b>")
        expect(page.get_by_role("heading", level=1)).to_have_text("hello there <b>friend</b>")
        place.vendor.release(20)
        expect(page.locator("#answer-0")).to_contain_text(f"word19 {MARKUP}")
        expect(page.get_by_text("word20 ")).to_have_count(0)
        conversation = page.url.partition("?")[0]
        page.reload()
        expect(page.locator("#answer-0")).to_contain_text(f"word19 {MARKUP}")
        page.goto(conversation)
        expect(page.locator("#answer-0")).to_contain_text(f"word19 {MARKUP}")
        place.vendor.release(MANY)
        expect(page.locator(".turn .hint")).to_contain_text("openai/dripping-model")
        expect(page.locator(".turn")).to_contain_text(f"word59 {MARKUP}")
        expect(page.locator("#sessions")).to_contain_text("hello there <b>friend</b>")
        assert page.locator("main img").count() == 0
        page.reload()
        expect(page.locator(".turn")).to_have_count(1)
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_text("The conversation was deleted.")).to_be_visible()


def test_an_answer_comes_whole_without_scripts(browser: Browser, place: Place) -> None:
    place.vendor.release(MANY)
    with opened(browser, place.base, scripts=False) as page:
        page.goto("/ui/assistant")
        ask(page, "hello there")
        expect(page.locator(".turn")).to_contain_text(f"word59 {MARKUP}")
        ask(page, "and again")
        expect(page.locator(".turn")).to_have_count(2)
        assert page.locator("main img").count() == 0


def test_an_answer_that_is_stopped_keeps_what_was_written_and_can_be_asked_for_again(
    browser: Browser, tmp_path: Path
) -> None:
    words = [f"word{number} " for number in range(9)]
    with (
        DrippingVendor(words) as vendor,
        RunningServer(tmp_path, openai_base_url=vendor.url, openai_api_key="k", embedder="off") as server,
        opened(browser, server.url.removesuffix("/api")) as page,
    ):
        page.goto("/ui/assistant")
        ask(page, "tell me a lot")
        until(lambda: vendor.asked > 0)
        vendor.release(3)
        expect(page.locator("#answer-0")).to_contain_text("word2")
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_text("It was stopped.")).to_be_visible()
        expect(page.locator(".turn .problem")).to_be_visible()
        expect(page.locator(".turn")).to_contain_text("word0 word1 word2")
        vendor.release(MANY)
        page.get_by_role("button", name="Ask again").click()
        expect(page.locator(".turn").last).to_contain_text("word8")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_citation_leads_to_the_passage_with_its_words_marked(browser: Browser, place: Place, scripts: bool) -> None:
    place.vendor.words = [f"Under the {TITLE}, s 3: ", f'"{FEE}" ', "[S1]"]
    place.vendor.release(MANY)
    with opened(browser, place.base, scripts=scripts) as page:
        page.goto("/ui/assistant")
        ask(page, "What fee must the owner of a vessel pay for a licence, by the documents?")
        expect(page.locator(".turn .hint").first).to_be_visible()
        page.locator(".cites a").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
        expect(page.locator(".passage.wanted mark")).to_contain_text("must pay a fee of 250 pounds")


@pytest.mark.parametrize("scripts", [True, False])
def test_one_document_is_asked_about_from_its_page(browser: Browser, place: Place, scripts: bool) -> None:
    told = {"wait": "true", "title": f"Bells {scripts}"}
    other = f"Section 1. Bells {scripts}\nThe fee for a bell is 9 pounds."
    requests.post(f"{place.server.url}/files/upload", data=other.encode(), params=told, timeout=BUSY_S)
    place.vendor.words = ["It is 9 pounds [S1]."]
    place.vendor.release(MANY)
    with opened(browser, place.base, scripts=scripts) as page:
        page.goto("/ui/documents")
        page.get_by_role("link", name=f"Bells {scripts}").first.click()
        page.get_by_role("link", name="Ask about it").click()
        expect(page.get_by_text("Only about")).to_contain_text(f"Bells {scripts}")
        for number in (1, 2):
            ask(page, "What fee must the owner of a vessel pay for a licence, by the documents?")
            expect(page.locator(".turn .hint")).to_have_count(number)
            expect(page.locator(".turn").last).to_contain_text("It is 9 pounds")
            expect(page.locator(".turn").last).not_to_contain_text(TITLE)
        page.get_by_role("link", name="Ask about everything").click()
        expect(page.locator(".turn")).to_have_count(2)
        expect(page.get_by_text("Only about")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
def test_nothing_is_started_before_an_offer_is_confirmed(browser: Browser, place: Place, scripts: bool) -> None:
    def batches() -> int:
        return len(place.server.get("generate/batch/history")["batches"])

    before = batches()
    with opened(browser, place.base, scripts=scripts) as page:
        page.goto("/ui/assistant")
        ask(page, "Make 1 sample on contract law")
        expect(page.get_by_role("region", name="Offered batch")).to_be_visible()
        assert batches() == before
        page.get_by_role("button", name="Do not start").click()
        expect(page.locator(".turn").last).to_contain_text("Nothing was started.")
        expect(page.get_by_role("button", name="Start this batch")).to_have_count(0)
        assert batches() == before
        ask(page, "Make 1 sample on contract law")
        page.get_by_role("button", name="Start this batch").click()
        expect(page.locator(".turn").last).to_contain_text("Started as")
        expect(page.locator(".turn").last).to_contain_text("The page Batches tells how it goes.")
        expect(page.locator("main").get_by_text("/api/")).to_have_count(0)
        page.get_by_role("link", name="Open the batch").last.click()
        expect(page.get_by_role("link", name="All batches")).to_be_visible()
        assert batches() == before + 1


@pytest.mark.parametrize("scripts", [True, False])
def test_a_guided_choice_goes_on_by_its_buttons_and_starts_nothing(
    browser: Browser, place: Place, scripts: bool
) -> None:
    with opened(browser, place.base, scripts=scripts) as page:
        page.goto("/ui/assistant")
        page.get_by_text("How it is answered").click()
        page.get_by_label("As", exact=True).select_option("shopping")
        ask(page, "I need samples to train a small model")
        for number in (1, 2, 3):
            options = page.get_by_role("group", name="Answers").get_by_role("button")
            expect(options.first).to_be_visible()
            expect(page.locator(".turn")).to_have_count(number)
            expect(page.get_by_label("As", exact=True)).to_have_value("shopping")
            options.first.click()
        expect(page.locator(".turn")).to_have_count(4)


def test_questions_are_asked_and_memories_kept_and_forgotten_by_keys_alone(browser: Browser, place: Place) -> None:
    place.vendor.release(MANY)
    with opened(browser, place.base) as page:
        page.goto("/ui/assistant")
        page.keyboard.type("hello by keys")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".turn .hint")).to_contain_text("openai/dripping-model")
        page.get_by_role("link", name="Memories").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Nothing is remembered")).to_be_visible()
        page.get_by_label("Name").focus()
        page.keyboard.type("answer style")
        page.keyboard.press("Tab")
        page.keyboard.type(f"short {MARKUP}")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("row", name="answer style")).to_contain_text(f"short {MARKUP}")
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Forget").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Nothing is remembered")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_pages_of_the_assistant_have_no_faults_and_never_scroll_sideways(
    browser: Browser, place: Place, width: int, dark: bool
) -> None:
    place.vendor.words = ["long" * 60, f" {FEE} [S1]"]
    place.vendor.release(MANY)
    with opened(browser, place.base, width=width, dark=dark) as page:
        page.goto("/ui/assistant")
        assert faults(page) == []
        ask(page, "What fee must the owner of a vessel pay for a licence, by the documents?")
        expect(page.locator(".turn .hint").last).to_contain_text("openai/dripping-model")
        ask(page, "How many samples are there by difficulty?")
        expect(page.locator(".turn")).to_have_count(2)
        expect(page.locator("#run-status")).to_have_count(0)
        for summary in page.locator("summary").all():
            summary.click()
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.goto("/ui/assistant/memories")
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_who_may_only_read_asks_nothing(browser: Browser, tmp_path: Path) -> None:
    token = new_token()
    with RunningServer(tmp_path, api_tokens=f"read:{token}") as server:
        base = server.url.removesuffix("/api")
        with opened(browser, base) as page:
            page.goto("/ui/assistant")
            page.get_by_label("Access token").fill(token)
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", level=1)).to_have_text("Assistant")
            assert page.get_by_role("textbox").count() == 0
            key = (page.locator("body").get_attribute("hx-headers") or "").split('"')[3]
            for address in ("ask", "memories", "memories/delete", "runs/x/cancel", "x/delete"):
                forced = page.request.post(f"{base}/ui/assistant/{address}", headers={"X-CSRFToken": key})
                assert forced.status == 403
