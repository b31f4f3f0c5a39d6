"""Documents: uploaded, followed while they are read, looked at, found, deleted; with and without scripts, by keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.e2e.server import BUSY_S, RunningServer
from tests.e2e.web.browser import faults, needs_chromium, opened
from tests.vendors.moorings import ACT, TITLE
from utils.access_tokens import new_token

pytestmark = [needs_chromium, pytest.mark.timeout(300)]
MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("documents"), max_body_mb=1, max_document_mb=20, threads=68) as server:
        yield server


def base(server: RunningServer) -> str:
    return server.url.removesuffix("/api")


def cleared(server: RunningServer) -> None:
    for row in server.get("files")["files"]:
        server.session.delete(f"{server.url}/files/{row['file_id']}", timeout=BUSY_S)


def add(server: RunningServer, text: str, **told: str) -> str:
    told = {"wait": "true", **told}
    sent = requests.post(f"{server.url}/files/upload", data=text.encode(), params=told, timeout=BUSY_S)
    return str(sent.json()["file_id"])


def upload(page: Page, *paths: Path) -> None:
    page.goto("/ui/documents")
    page.get_by_label("Files").set_input_files([str(path) for path in paths])
    page.get_by_label("Licence").select_option("own")
    page.get_by_label("Jurisdiction").first.select_option("uk")
    page.get_by_role("button", name="Upload").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_files_are_uploaded_read_looked_at_and_deleted(
    browser: Browser, server: RunningServer, tmp_path: Path, scripts: bool
) -> None:
    cleared(server)
    good, bad = tmp_path / f"{MARKUP}.txt", tmp_path / "broken.pdf"
    good.write_text(f"{ACT} {MARKUP} {scripts}")
    bad.write_bytes(b"%PDF-1.4 broken" + bytes([scripts]))

    with opened(browser, base(server), scripts=scripts) as page:
        upload(page, good, bad)
        expect(page.get_by_text("2 files were taken in.")).to_be_visible()
        if not scripts:
            while page.locator(".badge", has_text="Failed").count() + page.locator(".badge.good").count() < 2:
                page.reload()
        expect(page.get_by_role("row", name="broken.pdf").get_by_text("Failed")).to_be_visible()
        expect(page.get_by_text("cannot be read")).to_be_visible()
        expect(page.locator(".badge", has_text="Ready")).to_be_visible()
        page.locator("tr", has_text="Ready").get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP)
        expect(page.get_by_text("Own text of the publisher")).to_be_visible()
        expect(page.get_by_role("heading", name="Section 1: Licence to moor")).to_be_visible()
        assert page.locator("main img").count() == 0
        page.get_by_role("link", name="By pages").click()
        expect(page.get_by_text(MARKUP).last).to_be_visible()
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_text("was deleted")).to_be_visible()
        expect(page.locator("#documents-list").get_by_text(MARKUP)).to_have_count(0)


def test_a_document_that_is_here_already_is_refused_with_its_name_and_others_are_taken(
    browser: Browser, server: RunningServer, tmp_path: Path
) -> None:
    cleared(server)
    add(server, ACT, name="first.txt")
    again, other = tmp_path / "again.txt", tmp_path / "other.txt"
    again.write_text(ACT)
    other.write_text(ACT.replace("harbour", "port"))

    with opened(browser, base(server)) as page:
        page.goto("/ui/documents")
        page.get_by_text("Upload documents").click()
        page.get_by_label("Files").set_input_files([str(again), str(other)])
        page.get_by_role("button", name="Upload").click()

        expect(page.get_by_text("again.txt: file: its bytes are here already, as 'first.txt'")).to_be_visible()
        expect(page.get_by_text("other.txt was taken in.")).to_be_visible()


def test_a_list_shows_what_others_add_and_delete_while_it_is_open(browser: Browser, server: RunningServer) -> None:
    cleared(server)
    with opened(browser, base(server)) as page:
        page.goto("/ui/documents")
        expect(page.get_by_text("No documents yet")).to_be_visible()
        file_id = add(server, ACT, name="act.txt", title=TITLE)
        expect(page.get_by_role("row", name=TITLE).get_by_text("Ready")).to_be_visible()
        server.session.delete(f"{server.url}/files/{file_id}", timeout=BUSY_S)
        expect(page.get_by_text("No documents yet")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_question_finds_passages_with_the_score_of_each_way_and_leads_to_the_passage(
    browser: Browser, server: RunningServer, scripts: bool
) -> None:
    cleared(server)
    sections = "\n\n".join(f"Section {number}. Berth {number}\nBerth {number} is for boats." for number in range(4, 60))
    add(server, f"{ACT}\n{sections}\n\nSection 60. Dredging\nThe bed is dredged each spring.", title=TITLE)

    with opened(browser, base(server), scripts=scripts) as page:
        page.goto("/ui/documents")
        page.get_by_role("link", name="Test what is found").click()
        page.get_by_label("Question").fill("when is the bed dredged in spring")
        page.keyboard.press("Enter")
        first = page.locator(".found > li").first
        expect(first).to_contain_text("section 60")
        expect(first).to_contain_text("Has 3 of 3 words")
        expect(first.locator("mark").first).to_have_text("bed")
        expect(page.get_by_text("since no embedding model is set up")).to_be_visible()
        first.get_by_text("Why it was found").click()
        expect(first.get_by_role("row", name="Words 1")).to_be_visible()
        first.get_by_role("link").click()
        expect(page.locator(".passage.wanted")).to_contain_text("The bed is dredged each spring.")
        expect(page.get_by_text("of 60", exact=False).first).to_be_visible()
        page.get_by_role("link", name="Search in it").click()
        expect(page.get_by_text(f"Only in {TITLE}")).to_be_visible()
        page.get_by_label("Question").fill("fee for a licence")
        page.keyboard.press("Enter")
        expect(page.locator(".found > li").first).to_contain_text("section 3")
        page.get_by_role("link", name="Search all documents").click()
        expect(page.locator(".found > li").first).to_contain_text("section 3")
        page.goto("/ui/retrieve?q=what+is+the+VAT+on+cheese")
        expect(page.get_by_text("None of the words that matter occurs")).to_be_visible()
        expect(page.locator(".question-words")).to_contain_text("VAT, cheese")
        expect(page.locator(".found > li").first).to_be_hidden()
        page.get_by_text("Nothing matched").click()
        expect(page.locator(".found > li").first).to_be_visible()
        page.goto("/ui/retrieve?q=zebra+xylophone")
        expect(page.get_by_text("Nothing was found")).to_be_visible()


def test_a_page_that_was_left_frees_the_place_of_its_stream(browser: Browser, server: RunningServer) -> None:
    """The service has four places for streams."""
    cleared(server)
    with opened(browser, base(server)) as page:
        for number in range(7):
            with page.expect_response("**/documents/stream") as told:
                page.goto("/ui/documents")
            assert told.value.status == 200
            expect(page.get_by_text("No documents yet")).to_be_visible()
            page.goto(f"/ui/retrieve?q=left+{number}")


def test_what_the_network_swallowed_is_told(browser: Browser, server: RunningServer) -> None:
    with opened(browser, base(server), may_say=("net::ERR_FAILED", "htmx:")) as page:
        page.goto("/ui/documents")
        page.route("**/documents/law", lambda route: route.abort())
        if not page.get_by_label("Name or address").is_visible():
            page.get_by_text("Add law by name").click()
        page.get_by_label("Name or address").fill("uscode/17")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.locator("#notices")).to_contain_text("The service could not be reached")


def test_law_that_no_service_has_is_told_and_nothing_is_changed(browser: Browser, server: RunningServer) -> None:
    cleared(server)
    with opened(browser, base(server)) as page:
        page.goto("/ui/documents")
        page.get_by_label("Name or address").fill(MARKUP)
        page.get_by_role("button", name="Add", exact=True).click()

        expect(page.locator("#notices")).to_contain_text(MARKUP[:12])
        assert page.locator("main img").count() == 0


def test_everything_of_a_document_can_be_done_by_keys(browser: Browser, server: RunningServer) -> None:
    cleared(server)
    add(server, ACT, name="act.txt", title=TITLE)
    with opened(browser, base(server)) as page:
        page.goto("/ui/documents")
        press_to(page, TITLE)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
        press_to(page, "Read again")
        page.keyboard.press("Enter")
        expect(page.get_by_text("was begun again")).to_be_visible()
        expect(page.locator("#document-facts .badge")).to_have_text("Ready")
        page.on("dialog", lambda dialog: dialog.accept())
        press_to(page, "Delete")
        page.keyboard.press("Enter")
        expect(page.get_by_text("was deleted")).to_be_visible()


def press_to(page: Page, words: str) -> None:
    """Press Tab until the control of these words has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if str(page.evaluate("document.activeElement.innerText")).strip() == words:
            return
    raise AssertionError(f"no key leads to {words!r}")


def test_a_file_is_uploaded_and_found_by_keys_alone(browser: Browser, server: RunningServer, tmp_path: Path) -> None:
    cleared(server)
    path = tmp_path / "moorings.txt"
    path.write_text(f"{ACT} keys")
    with opened(browser, base(server)) as page:
        page.goto("/ui/documents")
        tab_to(page, "#f-files")
        page.set_input_files(":focus", str(path))  # the dialog itself is the browser's
        tab_to(page, "#f-licence")
        page.keyboard.type("Own")
        press_to(page, "Upload")
        page.keyboard.press("Enter")
        expect(page.get_by_text("moorings.txt was taken in.")).to_be_visible()
        expect(page.locator(".badge", has_text="Ready")).to_be_visible()
        press_to(page, "Test what is found")
        page.keyboard.press("Enter")
        page.wait_for_url("**/ui/retrieve*")  # a key pressed while the page changes goes nowhere
        tab_to(page, "#f-q")
        page.keyboard.type("fee for a licence")
        page.keyboard.press("Enter")
        expect(page.locator(".found > li").first).to_contain_text("section 3")


def tab_to(page: Page, element: str) -> None:
    """Press Tab until *element* has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("sought => document.activeElement.matches(sought)", element):
            return
    raise AssertionError(f"no key leads to {element}")


@pytest.mark.parametrize("scripts", [True, False])
def test_files_that_are_too_large_are_refused_with_what_to_do(
    browser: Browser, server: RunningServer, tmp_path: Path, scripts: bool
) -> None:
    cleared(server)
    large = tmp_path / "large.bin"
    large.write_bytes(b"x" * (30 << 20))
    with opened(browser, base(server), scripts=scripts) as page:
        page.goto("/ui/documents")
        page.get_by_label("Files").set_input_files(str(large))
        page.get_by_role("button", name="Upload").click()
        expect(page.locator(".problem")).to_contain_text("Send fewer or smaller files, or raise MAX_DOCUMENT_MB")
        assert server.get("files")["files"] == []


def test_how_much_of_an_upload_was_sent_is_told_while_it_is_sent(
    browser: Browser, server: RunningServer, tmp_path: Path
) -> None:
    cleared(server)
    large = tmp_path / "large.txt"
    large.write_text(ACT * 40_000)
    with opened(browser, base(server)) as page:
        page.goto("/ui/documents")
        page.evaluate(
            "document.addEventListener('htmx:xhr:progress', () => {"
            " sessionStorage.told = document.querySelector('.sending p').textContent })"
        )
        page.get_by_label("Files").set_input_files(str(large))
        page.get_by_role("button", name="Upload").click()
        expect(page.get_by_text("large.txt was taken in.")).to_be_visible()
        assert page.evaluate("sessionStorage.told") == "All sent; it is being taken in"
        cleared(server)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_pages_of_documents_have_no_faults_and_never_scroll_sideways(
    browser: Browser, server: RunningServer, width: int, dark: bool
) -> None:
    file_id = add(server, f"{ACT} {width} {dark}", name=f"{'long' * 30} {width} {dark}.txt")
    with opened(browser, base(server), width=width, dark=dark) as page:
        for address in ("/ui/documents", f"/ui/documents/{file_id}", "/ui/retrieve?q=vessel"):
            page.goto(address)
            assert faults(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_who_may_only_read_changes_nothing(browser: Browser, tmp_path: Path) -> None:
    token = new_token()
    with RunningServer(tmp_path, api_tokens=f"read:{token}") as server, opened(browser, base(server)) as page:
        page.goto("/ui/documents")
        page.get_by_label("Access token").fill(token)
        page.keyboard.press("Enter")
        expect(page.get_by_text("No documents yet")).to_be_visible()
        assert page.get_by_role("button", name="Upload").count() == 0
        key = page.locator("body").get_attribute("hx-headers") or ""
        forced = page.request.post(
            f"{base(server)}/ui/documents/law",
            form={"reference": "uscode/17"},
            headers={"X-CSRFToken": key.split('"')[3]},
        )
        assert forced.status == 403
