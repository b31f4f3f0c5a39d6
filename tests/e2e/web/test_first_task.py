"""What a new user came for: make 20 samples on nuisance, throw out the bad ones, export them for TRL."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.server import RunningServer
from tests.e2e.web.browser import needs_chromium, opened
from tests.fakes import catalog_without_limits
from tests.vendors.simulator import SimulatedVendor
from tests.vendors.writer import write_sample

pytestmark = [needs_chromium, pytest.mark.timeout(400)]
COUNT, BAD = 20, 3


def written(prompt: str, number: int) -> str:
    """Write good samples, of which every third has a question that nobody would ask."""
    sample = write_sample(prompt, number, is_varied=True)
    return json.dumps({**sample, "question": f"{'Bad' if number % BAD == 0 else 'Good'} question number {number}?"})


@pytest.mark.parametrize("scripts", [True, False])
def test_samples_are_made_judged_and_taken_to_the_trainer(browser: Browser, tmp_path: Path, scripts: bool) -> None:
    with SimulatedVendor("groq", ["openai/gpt-oss-120b"]) as groq:
        groq.content = written
        settings = {"groq_base_url": groq.url, "groq_api_key": "gsk_test_0123456789", "embedder": "off"}
        with RunningServer(tmp_path, catalog_dir=catalog_without_limits(tmp_path), **settings) as server:
            with opened(browser, server.url.removesuffix("/api"), scripts=scripts) as page:
                page.goto("/")
                page.get_by_role("link", name="Generate", exact=True).click()
                generated(page)
                page.get_by_role("link", name="Review them").click()
                bad = judged(page, scripts)
                rows = exported(page, scripts)
            samples = server.get("data")

    assert len(samples) == COUNT
    assert bad == sum(sample["question"].startswith("Bad") for sample in samples)
    assert 0 < bad < COUNT
    assert len(rows) == COUNT - bad
    for row in rows:
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
        assert row["messages"][0]["content"].startswith("Good question")


def generated(page: Page) -> None:
    """Start a batch from the form, and see its end."""
    page.get_by_label("How many samples").fill(str(COUNT))
    page.get_by_label("Topic", exact=True).select_option(label="Nuisance")
    page.get_by_label("Difficulty").select_option("basic")
    page.get_by_role("button", name="Start").first.click()
    expect(page.get_by_role("heading", name=f"Batch of {COUNT} samples")).to_be_visible()
    end = page.get_by_text("Completed").first
    again = page.get_by_role("link", name="Load it again")
    while not end.is_visible():
        again.or_(end).first.wait_for()
        if again.is_visible():
            again.click()
    expect(page.locator("#batch-now")).to_contain_text(f"{COUNT} of {COUNT}")


def judged(page: Page, scripts: bool) -> int:
    """Decide on every sample by its question, by keys or by buttons; return how many were bad."""
    bad = 0
    for left in range(COUNT, 0, -1):
        expect(page.get_by_text(f"of {left} that wait")).to_be_visible()
        is_bad = "Bad question" in page.locator("article").inner_text()
        bad += is_bad
        if scripts:
            page.keyboard.press("4" if is_bad else "a")
        elif is_bad:
            page.get_by_role("button", name="The answer does not answer the question").click()
        else:
            page.get_by_role("button", name="Accept").click()
        expect(page.get_by_text("Rejected:" if is_bad else "Accepted:").first).to_be_visible()
        shown = page.get_by_text(f"of {left - 1} that wait").or_(page.get_by_text("Nothing waits any more"))
        expect(shown.first).to_be_visible()
    return bad


def exported(page: Page, scripts: bool) -> list[dict[str, list[dict[str, str]]]]:
    """Download what was accepted, by keys alone where there are scripts; return its rows."""
    page.get_by_role("link", name="Publish", exact=True).click()
    choice = page.get_by_label("Which samples")
    if scripts:
        choice.focus()
        page.keyboard.press("A")  # the first that begins so: accepted by a reviewer
        expect(page.locator("#preview")).to_contain_text("accepted by a reviewer")
        page.get_by_role("button", name="Download").focus()
    else:
        choice.select_option("accepted")
    with page.expect_download() as waiting:
        if scripts:
            page.keyboard.press("Enter")
        else:
            page.get_by_role("button", name="Download").click()
    return [json.loads(line) for line in Path(waiting.value.path()).read_text().splitlines()]
