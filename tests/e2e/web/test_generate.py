"""Starting, watching and comparing batches in a real browser, against simulated vendors."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.server import BUSY_S, RunningServer
from tests.e2e.web.browser import faults, needs_chromium, opened
from tests.fakes import catalog_without_limits
from tests.patience import until
from tests.vendors.simulator import SimulatedVendor
from tests.vendors.writer import write_json
from utils.access_tokens import new_token

pytestmark = [needs_chromium, pytest.mark.timeout(300)]
PLANTED = "<img src=x onerror=alert(1)>"


class Place:
    """One server with two vendors, for all tests of this file."""

    def __init__(self, server: RunningServer, groq: SimulatedVendor, cerebras: SimulatedVendor) -> None:
        self.server, self.groq, self.cerebras = server, groq, cerebras

    @property
    def base(self) -> str:
        return self.server.url.removesuffix("/api")

    def batch(self, **body: object) -> str:
        """Start a batch over the API; return its id."""
        return str(
            self.server.post("generate/batch/start", **{"difficulty": "basic", "provider": "groq", **body})["batch_id"]
        )

    def done(self, **body: object) -> str:
        """Make a whole batch; return its id."""
        batch_id = self.batch(**body)
        self.server.wait_for_end(batch_id)
        return batch_id


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("generate")
    with (
        SimulatedVendor("groq", ["openai/gpt-oss-120b", "openai/gpt-oss-20b"]) as groq,
        SimulatedVendor("cerebras", ["gpt-oss-120b"]) as cerebras,
        RunningServer(
            folder,
            catalog_dir=catalog_without_limits(folder),
            groq_api_key="gsk_test_0123456789",
            cerebras_api_key="csk-test-0123456789",
            groq_base_url=groq.url,
            cerebras_base_url=cerebras.url,
            max_workers=2,
        ) as server,
    ):
        yield Place(server, groq, cerebras)


@pytest.fixture(autouse=True)
def _vendors_behave(place: Place) -> Iterator[None]:
    yield
    for vendor in (place.groq, place.cerebras):
        vendor.content, vendor.fault = write_json, lambda number, body: None
        vendor.set(latency_s=0.0, down="")
    for batch in place.server.get("generate/batch/status")["batches"].values():
        if batch["status"] in ("running", "paused"):
            place.server.post("generate/batch/stop", batch_id=batch["batch_id"])
            place.server.wait_for_end(batch["batch_id"])


def with_faults(prompt: str, number: int) -> str:
    """Write drafts of which one in three is refused: for a leftover, or because it is no JSON."""
    if number % 3 == 1:
        sample = json.loads(write_json(prompt, number))
        return json.dumps({**sample, "answer": f"{sample['answer']} ```{PLANTED} end."})
    return f"No object {PLANTED}" if number % 3 == 2 and number < 6 else write_json(prompt, number)


def fine(page: Page) -> None:
    """Nothing is at fault for who reads it otherwise, and nothing is wider than the screen."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert faults(page) == [], width
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.parametrize("scripts", [True, False])
def test_batch_is_planned_started_watched_to_its_end_and_its_refused_drafts_read(
    browser: Browser, place: Place, scripts: bool
) -> None:
    place.groq.content = with_faults
    with opened(browser, place.base, scripts=scripts) as page:
        page.goto("/ui/generate")
        page.get_by_label("How many samples").fill("6")
        page.get_by_label("Topic", exact=True).select_option("uk:Tort Law - Defamation")
        page.get_by_label("Difficulty").select_option("basic")
        page.get_by_label("Who writes").select_option("groq/openai/gpt-oss-120b")
        page.get_by_label("Instruction").fill(f"Mind {PLANTED}")
        page.get_by_label("Most tokens").fill("5000")
        if not scripts:
            page.get_by_role("button", name="Show the plan").click()
        plan = page.locator("#plan")
        expect(plan.locator("dd").first).to_have_text("6")
        expect(plan.get_by_text("Press Show the plan to bring it up to date")).to_be_visible(visible=not scripts)
        expect(plan).to_contain_text("The limit on tokens will end this batch")
        expect(plan).to_contain_text("1 topic")
        expect(page.get_by_label("Instruction")).to_have_value(f"Mind {PLANTED}")
        page.get_by_label("Most tokens").fill("500000")
        page.get_by_role("button", name="Start").click()

        expect(page.get_by_text("The batch was started.")).to_be_visible()
        batch_id = page.url.rpartition("/")[2]
        if not scripts:
            place.server.wait_for_end(batch_id)
            page.reload()
        expect(page.locator("#batch-now")).to_contain_text("Completed")
        expect(page.locator("#batch-now")).to_contain_text("6 of 6")
        expect(page.get_by_text("The batch was started.")).to_be_visible(visible=scripts)
        report = page.locator("#batch-report")
        expect(report).to_contain_text("groq/openai/gpt-oss-120b")
        expect(report).to_contain_text("Refused by a vendor for its limits")
        expect(report.get_by_text("Samples a minute")).to_have_count(1)
        expect(page.get_by_text("Could not be made", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="Its samples")).to_have_attribute(
            "href", f"/ui/samples?batch_id={batch_id}"
        )
        expect(page.get_by_text(f"Instruction: Mind {PLANTED}")).to_be_visible()
        page.locator("#batch-refused").get_by_role("link", name="Leftovers").click()
        expect(page.locator("article").first.locator("mark.invalid").first).to_have_text("```")
        expect(page.get_by_text(PLANTED).first).to_be_visible()
        assert page.locator("main img").count() == 0
        if scripts:
            fine(page)


def test_start_without_scripts_takes_what_was_typed_since_the_plan(browser: Browser, place: Place) -> None:
    with opened(browser, place.base, scripts=False) as page:
        page.goto("/ui/generate?difficulty=basic&writer=cerebras")
        expect(page.locator("#plan dd").first).to_have_text("20")
        page.get_by_label("How many samples").fill("3")
        page.get_by_role("button", name="Start").click()

        expect(page.get_by_role("heading", name="Batch of 3 samples")).to_be_visible()
        batch_id = page.url.rpartition("/")[2]
        place.server.wait_for_end(batch_id)
        page.goto("/ui/batches")
        row = page.get_by_role("row").filter(has=page.locator(f'input[value="{batch_id}"]'))
        expect(row).to_contain_text("cerebras/gpt-oss-120b 3")


def test_start_is_reached_before_the_fields_and_stays_in_sight(browser: Browser, place: Place) -> None:
    for width in (1280, 390):
        with opened(browser, place.base, width=width) as page:
            page.goto("/ui/generate?difficulty=basic&writer=cerebras&count=1")
            page.get_by_label("Most tokens").scroll_into_view_if_needed()
            start = page.get_by_role("button", name="Start")
            expect(start).to_be_in_viewport()
            page.locator("#main").focus()
            page.keyboard.press("Tab")
            expect(start).to_be_focused()
            assert page.evaluate("document.querySelector('.menu').scrollWidth <= innerWidth")
            for entry in page.get_by_label("Pages", exact=True).get_by_role("link").all():
                box = entry.bounding_box()
                assert box is not None
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= width


def test_plan_can_be_scrolled_to_its_end(browser: Browser, place: Place) -> None:
    with opened(browser, place.base) as page:
        page.set_viewport_size({"width": 1280, "height": 500})
        page.goto("/ui/generate")
        last = page.locator("#plan .notes li").last
        last.scroll_into_view_if_needed()
        expect(last).to_be_in_viewport()
        expect(page.locator("#plan")).to_contain_text("The embedded model takes no part")
        expect(page.get_by_label("Difficulty")).to_contain_text("All levels, basic to expert")


def test_batch_is_started_by_keyboard_alone(browser: Browser, place: Place) -> None:
    with opened(browser, place.base) as page:
        page.goto("/ui/generate?difficulty=basic&writer=cerebras")
        page.get_by_label("How many samples").focus()
        page.keyboard.press("Control+A")
        page.keyboard.type("2")
        page.keyboard.press("Enter")
        expect(page.locator("#batch-now")).to_contain_text("2 of 2")
        page.get_by_role("link", name="All batches").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Batches", exact=True)).to_be_visible()
        for box in page.get_by_role("checkbox").all()[:1]:
            box.focus()
            page.keyboard.press("Space")
            expect(box).to_be_checked()


def test_two_clicks_start_one_batch(browser: Browser, place: Place) -> None:
    with opened(browser, place.base) as page:
        page.goto("/ui/generate?count=1&difficulty=basic&writer=cerebras")
        before = place.server.get("generate/batch/history")["count"]
        form = page.evaluate("new URLSearchParams(new FormData(document.querySelector('#batch-form'))).toString()")
        sent = page.evaluate(
            """form => Promise.all([1, 2, 3].map(() => fetch('/ui/generate', {method: 'POST', body: form,
            headers: {'Content-Type': 'application/x-www-form-urlencoded'}}).then(answer => answer.url)))""",
            form,
        )

    assert len(set(sent)) == 1
    assert place.server.get("generate/batch/history")["count"] == before + 1
    place.server.wait_for_end(sent[0].rpartition("/")[2])


@pytest.mark.parametrize("scripts", [True, False])
def test_faults_are_told_and_every_field_keeps_its_value(browser: Browser, place: Place, scripts: bool) -> None:
    with opened(browser, place.base, scripts=scripts) as page:
        page.goto("/ui/generate?seed=5")
        page.get_by_label("Jurisdiction").select_option("us")
        page.get_by_label("Topic", exact=True).select_option("uk:Tort Law - Defamation")
        page.get_by_label("Instruction").fill(PLANTED)
        page.get_by_role("checkbox", name="Another model or provider takes over").uncheck()
        if scripts:
            expect(page.locator("#plan")).to_contain_text("Topic: belongs to another jurisdiction")
        page.get_by_role("button", name="Start").click()

        told = page.get_by_role("alert")
        expect(told).to_be_focused()
        expect(told).to_contain_text("Topic: belongs to another jurisdiction")
        expect(told.get_by_role("link", name="Topic")).to_have_attribute("href", "#f-topic")
        expect(page.get_by_label("Instruction")).to_have_value(PLANTED)
        expect(page.get_by_label("Seed")).to_have_value("5")
        expect(page.get_by_label("Topic", exact=True)).to_have_value("uk:Tort Law - Defamation")
        expect(page.get_by_role("checkbox", name="Another model or provider takes over")).not_to_be_checked()
        if scripts:
            fine(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_running_batch_is_paused_resumed_and_stopped_after_being_asked(
    browser: Browser, place: Place, scripts: bool
) -> None:
    place.groq.set(latency_s=0.3)
    batch_id = place.batch(count=500)
    with opened(browser, place.base, scripts=scripts) as page:
        page.goto(f"/ui/batches/{batch_id}")
        if scripts:
            expect(page.locator("#batch-now strong")).not_to_have_text("0 of 500")
            expect(page.locator("#batch-limits")).to_contain_text("Requests this minute")
            fine(page)
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_text("The batch was paused.")).to_be_visible()
        expect(page.locator("#batch-turns")).to_contain_text("Paused")
        page.get_by_role("button", name="Resume").click()
        expect(page.locator("#batch-now")).to_contain_text("Running")
        page.locator("#ask-stop-summary").focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Stop it for good").click()
        expect(page.get_by_text("The batch was told to stop.")).to_be_visible()
        if not scripts:
            place.server.wait_for_end(batch_id)
            page.reload()
        expect(page.locator("#batch-now")).to_contain_text("Stopped")
        expect(page.get_by_role("button", name="Pause")).to_have_count(0)


def test_what_others_do_to_a_batch_is_shown_and_its_new_buttons_work(browser: Browser, place: Place) -> None:
    place.groq.set(latency_s=0.3)
    batch_id = place.batch(count=300)
    with opened(browser, place.base) as page:
        page.goto(f"/ui/batches/{batch_id}")
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        place.server.post("generate/batch/pause", batch_id=batch_id)
        page.get_by_role("button", name="Resume").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("The batch was resumed.")).to_be_visible()
        place.server.post("generate/batch/stop", batch_id=batch_id)
        expect(page.get_by_role("link", name="Its samples")).to_be_visible()
        page.goto(f"/ui/batches/{batch_id}")
        token = page.evaluate("document.body.getAttribute('hx-headers')")
        assert "X-CSRFToken" in token
        answer = page.request.post(
            f"/ui/batches/{batch_id}/pause", headers={"X-CSRFToken": json.loads(token)["X-CSRFToken"]}
        )
        assert "only a running one can be paused" in answer.text()


def test_failover_limits_and_vendors_words_are_shown_as_they_happen(browser: Browser, place: Place) -> None:
    place.groq.set(latency_s=0.2)
    place.cerebras.set(latency_s=0.2)
    batch_id = place.batch(count=60)
    with opened(browser, place.base) as page:
        page.goto(f"/ui/batches/{batch_id}")
        expect(page.locator("#batch-now strong")).not_to_have_text("0 of 60")
        place.groq.set(down="503")
        turns = page.locator("#batch-turns")
        expect(turns).to_contain_text("From groq/openai/gpt-oss-120b to cerebras/gpt-oss-120b")
        expect(turns).to_contain_text("Service unavailable, try again later")
        expect(page.locator("#batch-limits")).to_contain_text("Closed for")
        place.cerebras.set(down="503")
        expect(page.locator("#batch-now")).to_contain_text("Waiting for a provider that can be used again until")


def test_page_goes_on_after_the_service_was_started_again(browser: Browser, place: Place) -> None:
    place.groq.set(latency_s=0.3)
    batch_id = place.batch(count=400)
    # The browser notes that nobody answers, and the answer of a service that is starting.
    refused = ("net::ERR_", "the server responded with a status of 503")
    with opened(browser, place.base, may_say=refused) as page:
        page.goto(f"/ui/batches/{batch_id}")
        shown = page.locator("#batch-now strong")
        expect(shown).not_to_have_text("0 of 400")
        before = int((shown.text_content() or "").partition(" ")[0])
        place.server.end()
        expect(page.get_by_text("The connection is cut.")).to_be_visible()
        place.server.start()
        expect(page.get_by_text("The connection is cut.")).to_be_hidden(timeout=BUSY_S * 1000)
        expect(page.locator("#batch-turns")).to_contain_text("after a restart")
        until(lambda: int((shown.text_content() or "").partition(" ")[0]) > before)


def test_batches_are_filtered_and_compared(browser: Browser, place: Place) -> None:
    place.groq.content = with_faults
    one = place.done(count=4, topic="Tort Law - Defamation")
    other = place.done(count=3, topic="Tort Law - Defamation", provider="cerebras")
    for dark in (False, True):
        with opened(browser, place.base, dark=dark) as page:
            page.goto("/ui/batches")
            fine(page)
            page.get_by_label("State").select_option("completed")
            page.wait_for_url("**/ui/batches?status=completed")
            for batch_id in (one, other):
                page.locator(f'input[value="{batch_id}"]').check()
            page.get_by_role("button", name="Compare the ticked").click()
            expect(page.get_by_role("row", name="Quality, mean")).to_contain_text("%")
            expect(page.get_by_role("row", name="Samples 3 of 3 4 of 4")).to_be_visible()
            expect(page.get_by_role("heading", name="A sample of each")).to_be_visible()
            expect(page.get_by_role("row", name="cerebras/gpt-oss-120b").first).to_be_visible()
            fine(page)
            page.goto(f"/ui/batches/{one}")
            fine(page)
            page.goto("/ui/generate")
            fine(page)
            page.goto("/ui/batches?status=failed")
            expect(page.get_by_text("No batch in this state")).to_be_visible()
            page.goto(f"/ui/batches/compare?id={one}")
            expect(page.get_by_text("Tick two batches or more")).to_be_visible()


def test_who_leaves_the_page_takes_no_place_among_the_streams(browser: Browser, place: Place) -> None:
    place.groq.set(latency_s=0.3)
    batch_id = place.batch(count=300)
    with opened(browser, place.base) as page:
        page.goto(f"/ui/batches/{batch_id}")
        until(lambda: watching(place) == 1)
    until(lambda: watching(place) == 0)


def test_judge_and_documents_are_chosen_and_told(browser: Browser, place: Place) -> None:
    law = ("law.txt", b"1 Duty of care\n\nA keeper must keep the boat safe and dry at all times.\n")
    upload = place.server.session.post(
        f"{place.server.url}/files/upload?wait=true", files={"file": law}, timeout=BUSY_S
    )
    with opened(browser, place.base) as page:
        page.goto("/ui/generate?difficulty=basic&count=2&writer=groq")
        page.get_by_label("Who judges").select_option("cerebras")
        page.locator("#f-more > summary").click()
        page.get_by_label("Only these documents").select_option(upload.json()["file_id"])
        expect(page.locator("#plan")).to_contain_text("The judge's calls come on top")
        page.get_by_label("Only these documents").select_option([])
        page.get_by_role("button", name="Start").click()
        report = page.locator("#batch-report")
        expect(report).to_contain_text("Calls and cost of a model include those that it made as the judge.")
        expect(page.locator("#batch-now")).to_contain_text("Completed")


def watching(place: Place) -> int:
    """Return how many listen to streams now."""
    told = place.server.session.get(f"{place.base}/metrics", timeout=BUSY_S).text
    (line,) = [line for line in told.splitlines() if line.startswith("ltp_stream_clients ")]
    return int(float(line.rpartition(" ")[2]))


@pytest.mark.parametrize("name", ["none", "a/b?c <img src=x>", "x/refused"])
def test_unknown_batch_is_told(browser: Browser, place: Place, name: str) -> None:
    with opened(browser, place.base) as page:
        answer = page.goto("/ui/batches/" + name.replace("?", "%3F").replace("<", "%3C"))
        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_text("There is no batch")).to_be_visible()
        assert page.locator("main img").count() == 0
        page.goto("/ui/batches/compare?id=none")
        expect(page.get_by_text("There is no batch 'none' here.")).to_be_visible()


def test_stream_of_a_batch_that_ended_long_ago_gives_all_and_ends(place: Place) -> None:
    batch_id = place.done(count=1)

    answer = place.server.session.get(f"{place.base}/ui/batches/{batch_id}/events", timeout=BUSY_S)

    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert "1 of 1" in answer.text
    assert answer.text.endswith("event: end\ndata: end\n\n")


def test_reader_sees_plans_and_batches_and_starts_none(browser: Browser, tmp_path: Path) -> None:
    token = new_token()
    with (
        RunningServer(tmp_path, api_tokens=f"read:{token}") as server,
        opened(browser, server.url.removesuffix("/api")) as page,
    ):
        page.goto("/ui/generate")
        page.get_by_label("Access token").fill(token)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Your role may look at plans")).to_be_visible()
        expect(page.get_by_label("Who writes")).to_have_value("local")
        expect(page.get_by_text("No provider is set up yet")).to_be_visible()
        assert page.get_by_role("button", name="Start").count() == 0
        page.get_by_label("How many samples").fill("7")
        expect(page.locator("#plan dd").first).to_have_text("7")
        status = page.evaluate(
            """() => fetch('/ui/generate', {method: 'POST', body:
            new URLSearchParams(new FormData(document.querySelector('#batch-form')))}).then(answer => answer.status)"""
        )
        assert status == 403
        page.goto("/ui/batches")
        expect(page.get_by_text("No batch yet")).to_be_visible()
        fine(page)
