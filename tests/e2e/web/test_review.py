"""Review in the browser: by one key each, without scripts, by two at once, to the end of the queue."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.server import RunningServer
from tests.e2e.web.browser import faults, needs_chromium, opened
from tests.fakes import sample

pytestmark = [needs_chromium, pytest.mark.timeout(400)]

MARKUP = "<img src=x onerror=document.title='run'>"
BOTH = pytest.mark.parametrize("scripts", [True, False])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("review")) as running:
        yield running


@pytest.fixture(scope="module")
def base(server: RunningServer) -> str:
    return server.url.removesuffix("/api")


def queue(server: RunningServer, area: str, count: int) -> str:
    """Add so many samples on a topic of their own; return the address of their review."""
    for number in range(count):
        named = {"id": f"{area}/{number}?", "topic": f"{area} - Queue", "question": f"{area} {number} {MARKUP}?"}
        assert server.post("add", **sample(**named))["success"]
    return f"/ui/review?topic={area}%20-%20Queue"


def states(server: RunningServer, area: str) -> list[str | None]:
    found = server.get(f"samples/filter?topic={area}%20-%20Queue&sort=id")["samples"]
    return [one["review"] for one in found]


def shown(page: Page, text: str) -> None:
    expect(page.locator("article")).to_contain_text(text)


def test_queue_is_worked_off_by_keyboard_alone(browser: Browser, base: str, server: RunningServer) -> None:
    address = queue(server, "Keys", 5)
    with opened(browser, base) as page:
        page.goto(address)
        shown(page, f"Keys 0 {MARKUP}?")
        page.keyboard.press("?")
        expect(page.get_by_text("Reject for that reason, at once")).to_be_visible()
        assert faults(page) == []
        page.keyboard.press("n")
        shown(page, "Keys 1")
        page.keyboard.press("p")
        shown(page, "Keys 0")
        page.keyboard.press("a")
        expect(page.get_by_text("Accepted: Keys 0")).to_be_visible()
        shown(page, "Keys 1")
        page.keyboard.press("r")
        page.keyboard.type("a is no reason, nor is n")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Rejected: Keys 1")).to_be_visible()
        shown(page, "Keys 2")
        page.keyboard.press("2")
        expect(page.get_by_text("Rejected: Keys 2")).to_be_visible()
        page.keyboard.press("e")
        expect(page.get_by_role("heading", name="Edit a sample")).to_be_visible()
        page.get_by_label("Answer").press("Control+a")
        page.keyboard.type("A better answer.")
        page.get_by_label("Why it is changed").focus()
        page.keyboard.type("It was thin")
        page.keyboard.press("Enter")
        expect(page.get_by_text("The sample was changed. It is accepted.")).to_be_visible()
        expect(page.get_by_text("Edited and accepted by")).to_be_visible()
        page.keyboard.press("n")
        shown(page, "Keys 4")
        page.keyboard.press("a")
        expect(page.get_by_text("Nothing waits any more")).to_be_visible()
        assert faults(page) == []
        page.keyboard.press("u")
        expect(page.get_by_text("The decision was taken back. The sample waits for review again.")).to_be_visible()
        shown(page, "Keys 4")
        assert states(server, "Keys")[4] is None
        page.keyboard.press("a")
        expect(page.get_by_text("Accepted: Keys 4")).to_be_visible()

    assert states(server, "Keys") == ["accepted", "rejected", "rejected", "accepted", "accepted"]
    (decided,) = server.get("sample/Keys/1%3F/reviews")["reviews"]
    assert decided["reason"] == "a is no reason, nor is n"
    (edited,) = server.get("sample/Keys/3%3F/reviews")["reviews"]
    assert (edited["decision"], edited["changes"]) == ("edit", {"answer": "A better answer."})


def test_queue_is_worked_off_without_scripts(browser: Browser, base: str, server: RunningServer) -> None:
    address = queue(server, "Plain", 3)
    with opened(browser, base, scripts=False) as page:
        page.goto(address)
        page.get_by_label("Your name").fill(f"Ann {MARKUP}")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text(f"You review as Ann {MARKUP}.")).to_be_visible()
        page.get_by_role("button", name="Accept").click()
        shown(page, "Plain 1")
        page.get_by_role("button", name="Reject", exact=True).click()
        expect(page.get_by_text("Say why it is rejected")).to_be_visible()
        expect(page.get_by_label("Reject, because")).to_be_focused()
        expect(page.get_by_role("button", name="Undo")).to_be_visible()
        page.get_by_label("Reject, because").fill("Not the law")
        page.get_by_role("button", name="Reject", exact=True).click()
        shown(page, "Plain 2")
        page.get_by_role("button", name="Poorly written").click()
        expect(page.get_by_text("Nothing waits any more")).to_be_visible()
        page.get_by_role("link", name="See what was accepted").click()
        expect(page.get_by_text("1–1 of 1 sample that matches")).to_be_visible()
        expect(page.get_by_role("link", name="Plain 0")).to_be_visible()
        page.get_by_role("link", name="Plain 0").click()
        expect(page.get_by_text(f"by Ann {MARKUP}")).to_be_visible()

    assert states(server, "Plain") == ["accepted", "rejected", "rejected"]
    (decided,) = server.get("sample/Plain/1%3F/reviews")["reviews"]
    assert (decided["reviewer"], decided["reason"]) == (f"Ann {MARKUP}", "Not the law")


@BOTH
def test_of_two_windows_on_one_sample_the_second_is_told_and_does_not_count(
    browser: Browser, base: str, server: RunningServer, scripts: bool
) -> None:
    area = f"Two{scripts}"
    address = queue(server, area, 1)
    with opened(browser, base, scripts=scripts) as mine, opened(browser, base, scripts=scripts) as theirs:
        for page in (mine, theirs):
            page.goto(address)
        theirs.get_by_role("button", name="Accept").click()
        expect(theirs.get_by_text("Nothing waits any more")).to_be_visible()
        mine.get_by_role("button", name="Poorly written").click()

        expect(mine.get_by_text("Your decision was not counted.")).to_be_visible()
        expect(mine.get_by_text("What you decide now counts instead")).to_be_visible()
        assert states(server, area) == ["accepted"]
        mine.get_by_role("button", name="Poorly written").click()
        expect(mine.get_by_text("Nothing waits any more")).to_be_visible()

    assert states(server, area) == ["rejected"]
    assert [one["decision"] for one in server.get(f"sample/{area}/0%3F/reviews")["reviews"]] == ["accept", "reject"]


def test_agreement_of_named_reviewers_is_told(browser: Browser, base: str, server: RunningServer) -> None:
    address = queue(server, "Agree", 2)
    for name, number, decision in (("A", 0, "accept"), ("B", 0, "accept"), ("A", 1, "accept"), ("B", 1, "reject")):
        said = {"decision": decision, "reason": "so", "reviewer": name}
        server.post(f"sample/Agree/{number}%3F/review", **said)
    with opened(browser, base) as page:
        page.goto(address)
        expect(page.get_by_text("Several people decided on 2 samples; on 50 % of them they agree.")).to_be_visible()
        expect(page.get_by_text("2 of 2")).to_be_visible()


def test_sample_that_was_deleted_is_passed_over(browser: Browser, base: str, server: RunningServer) -> None:
    address = queue(server, "Gone", 2)
    with opened(browser, base) as page:
        page.goto(address)
        page.get_by_role("link", name="Next").click()
        shown(page, "Gone 1")
        server.session.delete(f"{server.url}/sample/Gone/1%3F", timeout=60)
        page.reload()
        expect(page.get_by_text("That sample was deleted meanwhile")).to_be_visible()
        shown(page, "Gone 0")


def test_reviewer_loses_no_acknowledged_verdict_when_the_service_is_killed(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with RunningServer(tmp_path_factory.mktemp("killed")) as own:
        base, address = own.url.removesuffix("/api"), queue(own, "Kill", 2)
        with opened(browser, base) as page:
            page.goto(address)
            page.keyboard.press("a")
            expect(page.get_by_text("Accepted: Kill 0")).to_be_visible()
            own.kill()
            own.start()
        assert states(own, "Kill") == ["accepted", None]


def test_on_a_narrow_screen_decisions_are_in_reach_and_the_next_question_is_focused(
    browser: Browser, base: str, server: RunningServer
) -> None:
    address = queue(server, "Narrow", 2)
    with opened(browser, base, width=390) as page:
        page.goto(address)
        bar = page.locator(".reach")
        expect(bar.get_by_role("button", name="Accept")).to_be_in_viewport()
        bar.get_by_role("link", name="Reject").click()
        expect(page.get_by_label("Reject, because")).to_be_focused()
        page.get_by_role("button", name="Reject", exact=True).click()
        expect(page.get_by_text("Say why it is rejected")).to_be_visible()
        expect(page.get_by_label("Reject, because")).to_be_focused()
        assert faults(page) == []
        bar.get_by_role("button", name="Accept").click()
        shown(page, "Narrow 1")
        expect(page.get_by_role("heading", name="Question")).to_be_focused()
        expect(bar.get_by_role("button", name="Accept")).to_be_in_viewport()
        assert faults(page) == []


@BOTH
def test_undo_of_a_decision_that_somebody_changed_meanwhile_is_told(
    browser: Browser, base: str, server: RunningServer, scripts: bool
) -> None:
    area = f"Slip{scripts}"
    address = queue(server, area, 2)
    with opened(browser, base, scripts=scripts) as page:
        page.goto(address)
        page.get_by_role("button", name="Poorly written").click()
        expect(page.get_by_text(f"Rejected: {area} 0")).to_be_visible()
        server.post(f"sample/{area}/0%3F/review", decision="accept", reason="right", reviewer="Bob")
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("Nothing was undone")).to_be_visible()

    assert states(server, area) == ["accepted", None]
