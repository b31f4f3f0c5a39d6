"""Who sees what: signing in, roles, forged forms; the look; pages without scripts."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.server import RunningServer
from tests.e2e.web.browser import faults, needs_chromium, opened
from utils.access_tokens import new_token

pytestmark = [needs_chromium, pytest.mark.timeout(300)]


@pytest.mark.parametrize("scripts", [True, False])
def test_who_has_a_token_signs_in_comes_where_they_wanted_to_and_signs_out(
    browser: Browser, tmp_path: Path, scripts: bool
) -> None:
    token = new_token()
    with RunningServer(tmp_path, api_tokens=f"read:{token}") as server:
        base = server.url.removesuffix("/api")
        with opened(browser, base, scripts=scripts) as page:
            page.goto("/ui/?by=day")
            assert page.url.startswith(f"{base}/ui/sign-in")
            if scripts:
                assert faults(page) == []
            page.get_by_label("Access token").fill("ltp_wrong")
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_text("This token is not known")).to_be_visible()
            page.get_by_label("Access token").fill(token)
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", name="Overview")).to_be_visible()
            assert page.url == f"{base}/ui/?by=day"
            (cookie,) = [one for one in page.context.cookies() if one["name"] == "legal_platform"]
            assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/ui")
            assert token not in cookie["value"]
            told = page.request.get("/ui/")
            assert (told.status, "set-cookie" in told.headers) == (200, False)
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_text("You are signed out.")).to_be_visible()
            page.goto("/ui/")
            assert "/ui/sign-in" in page.url


@pytest.mark.parametrize("scripts", [True, False])
def test_who_was_signed_out_meanwhile_comes_back_to_the_page_that_was_sent_from(
    browser: Browser, tmp_path: Path, scripts: bool
) -> None:
    token = new_token()
    with (
        RunningServer(tmp_path, api_tokens=f"write:{token}") as server,
        opened(browser, server.url.removesuffix("/api"), scripts=scripts) as page,
    ):
        page.goto("/ui/assistant/memories")
        page.get_by_label("Access token").fill(token)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Memories")).to_be_visible()
        page.context.clear_cookies()
        page.get_by_label("Name").fill("style")
        page.get_by_role("textbox", name="What").fill("short")
        page.get_by_role("button", name="Remember").click()
        page.get_by_label("Access token").fill(token)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Memories")).to_be_visible()


def test_look_is_chosen_and_stays(browser: Browser, tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server, opened(browser, server.url.removesuffix("/api")) as page:
        page.goto("/")
        colour = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(colour)
        page.get_by_role("button", name="Dark").click()
        expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
        assert page.evaluate(colour) != light
        assert faults(page) == []
        page.goto("/ui/")
        assert page.evaluate(colour) != light
