"""Publishing in a browser: what is in the file, the file, the card, a push and its progress."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.server import RunningServer
from tests.e2e.web.browser import faults, needs_chromium, opened
from tests.fakes import sample
from tests.vendors.hub import TOKEN, SimulatedHub

pytestmark = [needs_chromium, pytest.mark.timeout(300)]
MARKUP = "<img src=x onerror=alert(1)>"


def filled(server: RunningServer) -> None:
    for number in range(6):
        answer = f"Issue: liability {number}. Rule: Rylands v Fletcher (1868) LR 3 HL 330. Conclusion: liable {number}."
        row = sample(
            id=f"s{number}", question=f"Question {number} {MARKUP}?", answer=answer, topic="Tort Law - Nuisance"
        )
        assert server.post("add", **row)["success"]


def pushed(page: Page, token: str) -> None:
    page.get_by_label("Repository").fill("lawyer/nuisance")
    page.get_by_label("Token of the Hub").fill(token)
    page.get_by_role("button", name="Push").click()


def looked_at_to_the_end(page: Page, scripts: bool) -> None:
    """Without scripts one looks again and again."""
    again = page.get_by_role("link", name="Look again")
    while not scripts and not page.locator(".notice").count():
        again.or_(page.locator(".notice")).first.click()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_choice_is_seen_downloaded_and_pushed(browser: Browser, tmp_path: Path, scripts: bool) -> None:
    with SimulatedHub() as hub, RunningServer(tmp_path, hf_endpoint=hub.url, hf_hub_offline="0") as server:
        filled(server)
        server.post("sample/s0/review", decision="reject", reason="wrong law")
        with opened(browser, server.url.removesuffix("/api"), scripts=scripts) as page:
            page.goto("/ui/publish")
            expect(page.get_by_text("1: rejected by a reviewer")).to_be_visible()
            assert '"messages"' in page.locator("#preview pre").first.inner_text()
            assert MARKUP in page.locator("#preview pre").first.inner_text()

            page.get_by_label("Which samples").select_option("all")
            if not scripts:
                page.get_by_role("button", name="Show what is in it").click()
            expect(page.locator("#preview dd").first).to_have_text("6")
            assert "include=all" in page.url
            if scripts:
                assert faults(page) == []
            with page.expect_download() as waiting:
                page.get_by_role("button", name="Download").click()
            rows = Path(waiting.value.path()).read_text().splitlines()
            assert [json.loads(row)["messages"][0]["role"] for row in rows] == ["user"] * 6

            page.get_by_role("button", name="Preview the card").click()
            expect(page.get_by_text("6 legal questions with answers")).to_be_visible()
            page.go_back()

            pushed(page, "hf_of_nobody")
            looked_at_to_the_end(page, scripts)
            expect(page.locator(".notice.problem")).to_contain_text("Invalid user token.")
            page.get_by_role("link", name="Back to publishing").click()
            page.goto("/ui/publish?include=all")
            pushed(page, TOKEN)
            looked_at_to_the_end(page, scripts)
            expect(page.locator(".notice.done")).to_contain_text("6 samples are at")
            page.get_by_role("link", name="Back to publishing").click()
            expect(page.get_by_role("row", name="lawyer/nuisance pushed 6")).to_be_visible()
            assert TOKEN not in page.content()

    assert set(hub.repos["lawyer/nuisance"]) >= {"README.md", "data/train-00000-of-00001.parquet"}
    assert hub.private["lawyer/nuisance"] is True


@pytest.mark.parametrize("scripts", [True, False])
def test_the_file_follows_the_form_and_holds_only_what_was_accepted_if_asked_for(
    browser: Browser, tmp_path: Path, scripts: bool
) -> None:
    with RunningServer(tmp_path) as server, opened(browser, server.url.removesuffix("/api"), scripts=scripts) as page:
        filled(server)
        server.post("sample/s1/review", decision="accept", reason="right")
        page.goto("/ui/publish")
        expect(page.locator("#preview")).to_contain_text("1 accepted by a reviewer, 5 never reviewed")
        page.get_by_label("Which samples").select_option("accepted")
        page.get_by_label("Format", exact=True).select_option("jsonl")
        if scripts:
            expect(page.locator("#preview")).to_contain_text("5: nobody reviewed")
            expect(page.locator("#push-choice")).to_contain_text("1 sample goes out")
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Download").click()
        (row,) = Path(waiting.value.path()).read_text().splitlines()
        assert (json.loads(row)["id"], json.loads(row)["review"]) == ("s1", "accepted")

        page.get_by_label("Splits", exact=True).select_option("0.8,0.1,0.1")
        if not scripts:
            page.get_by_role("button", name="Download").click()
            expect(page.get_by_text("It is several files now")).to_be_visible()
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Download train").click()
        assert waiting.value.suggested_filename == "legal-training-dataset-train.jsonl"
        ids = page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
        assert len(ids) == len(set(ids))


def test_a_push_that_is_sent_twice_is_made_once(browser: Browser, tmp_path: Path) -> None:
    with SimulatedHub() as hub, RunningServer(tmp_path, hf_endpoint=hub.url, hf_hub_offline="0") as server:
        filled(server)
        with opened(browser, server.url.removesuffix("/api")) as page:
            page.goto("/ui/publish")
            key = page.locator("input[name=key]").get_attribute("value")
            pushed(page, TOKEN)
            expect(page.locator(".notice.done")).to_be_visible()
            page.goto("/ui/publish")
            page.locator("input[name=key]").evaluate("(field, key) => { field.value = key }", key)
            pushed(page, TOKEN)
            expect(page.locator(".notice.done")).to_be_visible()

    assert len(hub.commits) == 1


def test_without_a_sample_the_page_says_what_to_do(browser: Browser, tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server, opened(browser, server.url.removesuffix("/api"), width=390) as page:
        page.goto("/ui/publish?difficulty=expert&splits=1,1,1")
        expect(page.locator("#preview .notice.problem")).to_contain_text("want three shares that add up to 1")
        page.goto("/ui/publish?difficulty=expert")
        expect(page.get_by_text("No sample is in this choice.")).to_be_visible()
        assert faults(page) == []
