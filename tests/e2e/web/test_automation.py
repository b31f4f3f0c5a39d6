"""Templates, schedules and webhooks in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.server import RunningServer
from tests.e2e.web.browser import faults, needs_chromium, opened
from tests.fakes import catalog_without_limits
from tests.services.operations.automation.test_webhooks import Receiver
from tests.vendors.simulator import SimulatedVendor

pytestmark = [needs_chromium, pytest.mark.timeout(300)]
YAML = "count: 2\nprovider: groq\nsample_type: simple_qa\ntopic: Tort Law - Nuisance\n"


def sound(page: Page, scripts: bool) -> None:
    """What axe-core looks at runs as a script."""
    assert not scripts or faults(page) == []


def receiving(page: Page, receiver: Receiver, scripts: bool) -> None:
    """Add a webhook and see its test arrive."""
    page.goto("/ui/automation")
    page.get_by_role("link", name="Webhooks").click()
    page.get_by_label("Address").fill(receiver.url)
    page.get_by_role("button", name="Add it").click()
    expect(page.locator("#secret")).to_contain_text("whsec_")
    sound(page, scripts)
    page.get_by_role("link", name="I have it").click()
    page.get_by_role("button", name="Send a test").click()
    look = page.get_by_role("link", name="Look again")
    delivered = page.get_by_role("row", name="A test Delivered")
    for _ in range(200):
        if delivered.count():
            break
        look.click()
    expect(delivered).to_contain_text("204")
    sound(page, scripts)


def written(page: Page, scripts: bool) -> None:
    """Write a template, wrong at first, and its next version."""
    page.goto("/ui/automation/new")
    page.get_by_label("Name", exact=True).fill("small")
    page.get_by_label("Recipe, as YAML").fill(YAML.replace("count: 2", "count: none"))
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#e-yaml")).to_contain_text("Line 1, count: got 'none', want a whole number")
    expect(page.get_by_label("Recipe, as YAML")).to_have_attribute("aria-invalid", "true")
    sound(page, scripts)
    page.get_by_label("Recipe, as YAML").fill(YAML)
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("The template small is kept.")).to_be_visible()
    page.get_by_label("Recipe, as YAML").fill(YAML.replace("2", "1"))
    page.get_by_role("button", name="Keep as the next version").click()
    expect(page.get_by_text("Version 2 is kept.")).to_be_visible()
    sound(page, scripts)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_template_is_written_run_and_scheduled_and_webhooks_tell_of_it(
    browser: Browser, tmp_path: Path, scripts: bool
) -> None:
    receiver = Receiver()
    with (
        SimulatedVendor("groq", ["openai/gpt-oss-120b"]) as groq,
        RunningServer(
            tmp_path,
            groq_base_url=groq.url,
            groq_api_key="gsk_test_0123456789",
            catalog_dir=catalog_without_limits(tmp_path),
            embedder="off",
            allow_private_base_urls="true",
        ) as server,
        opened(browser, server.url.removesuffix("/api"), scripts=scripts) as page,
    ):
        receiving(page, receiver, scripts)
        written(page, scripts)
        page.get_by_role("link", name="Schedules").click()
        page.get_by_label("When", exact=True).fill("30 2 * * 1-5")
        page.get_by_label("Time zone").fill("Europe/London")
        page.get_by_role("button", name="Add the schedule").click()
        row = page.locator("#schedules").get_by_role("row", name="small")
        expect(row).to_contain_text("30 2 * * 1-5 Europe/London", use_inner_text=True)
        row.get_by_role("button", name="Turn off").click()
        expect(row.get_by_text("Off", exact=True)).to_be_visible()
        sound(page, scripts)

        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.get_by_text("The batch was started.")).to_be_visible()
        assert "/ui/batches/" in page.url
        server.wait_for_end(page.url.rpartition("/")[2])

    receiver.close()
    assert receiver.events[0] == "webhook.test"
