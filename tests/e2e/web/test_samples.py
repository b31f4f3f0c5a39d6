"""The data set in the browser: looked through, added to, imported, edited by two, deleted and brought back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.server import RunningServer
from tests.e2e.web.browser import faults, needs_chromium, opened
from tests.fakes import sample
from utils.access_tokens import new_token

pytestmark = [needs_chromium, pytest.mark.timeout(400)]

MARKUP = "<img src=x onerror=document.title='run'>"
ODD = "a/b?c=d&<i>#é"
BOTH = pytest.mark.parametrize("scripts", [True, False])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("samples")) as running:
        lines = [
            sample(
                id=f"n{number:03}",
                question=f"Question {number}: may a tenant of flat {number * 13} leave early?",
                answer=f"It depends on clause {number}. " * 5,
                topic=("Contract Law - Formation", "Property Law - Leases")[number % 2],
                difficulty=("basic", "expert")[number % 2],
            )
            for number in range(60)
        ]
        running.post("import", content="\n".join(map(json.dumps, lines)))
        yield running


@pytest.fixture(scope="module")
def base(server: RunningServer) -> str:
    return server.url.removesuffix("/api")


def added(server: RunningServer, name: str, **changes: object) -> str:
    answer = server.post("add", **sample(id=name, **changes))
    assert answer["success"], answer
    return name


@BOTH
def test_list_is_filtered_ordered_and_paged_and_its_address_can_be_shared(
    browser: Browser, base: str, scripts: bool
) -> None:
    with opened(browser, base, scripts=scripts) as page:
        page.goto("/ui/samples?size=25&sort=oldest")
        expect(page.get_by_text("1–25 of")).to_be_visible()
        page.get_by_label("Topic", exact=True).select_option("Property Law - Leases")
        if not scripts:
            page.get_by_role("button", name="Show").click()
        expect(page.get_by_text("1–25 of 30 samples that match")).to_be_visible()
        page.get_by_role("link", name="Next").click()
        expect(page.get_by_text("26–30 of 30 samples that match")).to_be_visible()

        page.goto(page.url)

        expect(page.get_by_text("26–30 of 30 samples that match")).to_be_visible()
        expect(page.get_by_label("Topic", exact=True)).to_have_value("Property Law - Leases")
        expect(page.get_by_label("Rows on a page")).to_have_value("25")
        assert "Property" in page.url


@BOTH
def test_samples_are_found_by_their_words(browser: Browser, base: str, scripts: bool) -> None:
    with opened(browser, base, scripts=scripts) as page:
        page.goto("/ui/samples")
        page.get_by_label("Words in question").fill("flat 169")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_text("1–1 of 1 sample that matches")).to_be_visible()
        page.get_by_role("link", name="Question 13:").click()
        expect(page.get_by_role("heading", name="Sample", exact=True)).to_be_visible()
        page.goto("/ui/samples?q=nosuchword")
        expect(page.get_by_text("No sample matches")).to_be_visible()


def test_empty_filters_do_not_stand_in_the_address(browser: Browser, base: str) -> None:
    with opened(browser, base) as page:
        page.goto("/ui/samples")
        page.get_by_label("Difficulty").select_option("expert")
        expect(page.get_by_text("of 30 samples that match")).to_be_visible()
        assert "difficulty=expert" in page.url
        assert "topic" not in page.url


@BOTH
def test_sample_of_any_id_shows_markup_as_text_with_its_citations_marked(
    browser: Browser, base: str, server: RunningServer, scripts: bool
) -> None:
    name = added(
        server,
        f"{ODD}{scripts}",
        question=f"Who is liable? {MARKUP} {scripts}",
        answer=f"{MARKUP} In Donoghue v Stevenson [1932] AC 562 the maker was. Marsh v Baird [2007] UKSC 4 agrees.",
        topic=f"{MARKUP} - {MARKUP}",
    )
    with opened(browser, base, scripts=scripts) as page:
        page.goto("/ui/samples?sort=newest")
        page.get_by_role("link", name=f"Who is liable? {MARKUP} {scripts}").click()

        expect(page.locator("article")).to_contain_text(f"{MARKUP} In Donoghue")
        assert page.title().startswith("Sample")
        assert page.locator("img").count() == 0
        expect(page.locator("code", has_text=name)).to_be_visible()
        mark = page.locator("article mark.invalid", has_text="Marsh v Baird").locator("a")
        assert "UKSC sat from 2009" in (mark.get_attribute("title") or "")
        mark.click()
        assert "#e-" in page.url
        expect(page.locator("li:target")).to_contain_text("UKSC sat from 2009, not in 2007")
        page.locator("li:target a").press("Enter")
        expect(page.locator("mark:target")).to_contain_text("Marsh v Baird")


def test_sample_is_downloaded_whole(browser: Browser, base: str, server: RunningServer) -> None:
    name = added(server, f"{ODD}-file", question="What is in the file?")
    with opened(browser, base) as page:
        page.goto("/ui/samples")
        page.get_by_role("link", name="What is in the file?").click()
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Download").click()
        held = json.loads(Path(waiting.value.path()).read_text())
        assert (held["id"], held["question"]) == (name, "What is in the file?")


@BOTH
def test_sample_is_written_by_hand_and_what_was_typed_stays_while_it_is_at_fault(
    browser: Browser, base: str, scripts: bool
) -> None:
    with opened(browser, base, scripts=scripts) as page:
        page.goto("/ui/samples/add")
        page.get_by_label("Id", exact=True).fill("n001")
        page.get_by_label("Topic").fill("Tort Law - Nuisance")
        page.get_by_label("Difficulty").select_option("expert")
        page.get_by_label("Question").fill("May smoke be a nuisance?")
        page.get_by_label("Answer").fill("Yes.\n\nIt may.")
        page.get_by_label("Reasoning").fill("Step 1: it is.")
        page.get_by_role("button", name="Add the sample").click()
        expect(page.get_by_role("alert")).to_contain_text("n001")
        expect(page.get_by_label("Answer")).to_have_value("Yes.\n\nIt may.")
        expect(page.get_by_label("Difficulty")).to_have_value("expert")
        page.get_by_label("Id", exact=True).fill(f"by-hand-{scripts}")
        page.get_by_role("button", name="Add the sample").click()
        expect(page.get_by_text("The sample was added.")).to_be_visible()
        expect(page.locator("article")).to_contain_text("May smoke be a nuisance?")


@BOTH
def test_file_is_imported_or_its_faulty_lines_are_told(
    browser: Browser, base: str, server: RunningServer, scripts: bool
) -> None:
    good = json.dumps(sample(id=f"imported-{scripts}", question=f"Was this imported {scripts}?"))
    with opened(browser, base, scripts=scripts) as page:
        page.goto("/ui/samples")
        page.get_by_role("link", name="Import a file").click()
        broken = f'{good}\n{{"id": "{MARKUP}"}}\n'.encode()
        file = {"name": f"{MARKUP}.jsonl", "mimeType": "application/jsonl", "buffer": broken}
        page.get_by_label("File").set_input_files(file)  # type: ignore[arg-type]  # a dictionary is a payload
        page.get_by_role("button", name="Import").click()
        expect(page.get_by_role("alert")).to_contain_text("Line 2")
        page.get_by_label("File").set_input_files({**file, "buffer": good.encode()})  # type: ignore[arg-type]
        page.get_by_label("Only check it").check()
        page.get_by_role("button", name="Import").click()
        expect(page.get_by_text("nothing was stored yet")).to_be_visible()
        page.get_by_label("Only check it").uncheck()
        page.get_by_label("File").set_input_files({**file, "buffer": good.encode()})  # type: ignore[arg-type]
        page.get_by_role("button", name="Import").click()
        expect(page.get_by_text("The file was imported")).to_be_visible()
        assert server.get(f"sample/imported-{scripts}")["success"]


@BOTH
def test_chosen_samples_are_deleted_after_a_question_and_brought_back(
    browser: Browser, base: str, server: RunningServer, scripts: bool
) -> None:
    names = [added(server, f"gone-{scripts}-{n}", question=f"Will {n} be gone {scripts}?") for n in range(2)]
    with opened(browser, base, scripts=scripts) as page:
        page.goto("/ui/samples")
        for n in range(2):
            page.get_by_label(f"Choose: Will {n} be gone {scripts}?").check()
        if scripts:
            page.once("dialog", lambda dialog: dialog.dismiss())
            page.get_by_role("button", name="Delete chosen").click()
            assert server.get(f"sample/{names[0]}")["success"]
            page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Delete chosen").click()
        expect(page.get_by_text("2 samples were deleted.")).to_be_visible()
        assert not server.get(f"sample/{names[0]}")["success"]
        page.get_by_text("Last changes", exact=True).click()
        page.get_by_role("button", name="Undo").first.click()
        expect(page.get_by_text("2 samples are as they were before")).to_be_visible()
        assert all(server.get(f"sample/{name}")["success"] for name in names)


@BOTH
def test_chosen_samples_are_rejected_with_one_reason_or_accepted(
    browser: Browser, base: str, server: RunningServer, scripts: bool
) -> None:
    topic = f"Bulk{scripts} - All"
    names = [added(server, f"bulk-{scripts}-{n}", question=f"Bulk {n}?", topic=topic) for n in range(2)]
    with opened(browser, base, scripts=scripts) as page:
        page.goto(f"/ui/samples?topic={topic}")
        page.get_by_role("button", name="Delete chosen").click()  # no dialog, which playwright would dismiss
        expect(page.get_by_text("Choose samples first")).to_be_visible()
        if scripts:
            page.get_by_label("Choose all on this page").check()
        else:
            for n in range(2):
                page.get_by_label(f"Choose: Bulk {n}?").check()
        page.get_by_role("button", name="Reject chosen").click()
        expect(page.get_by_text("Say why they are rejected")).to_be_visible()
        if scripts:
            assert faults(page) == []
        for box in page.get_by_label("Choose: ").all():
            box.check()
        page.get_by_label("Why they are rejected").fill("Not the law")
        page.get_by_role("button", name="Reject chosen").click()
        expect(page.get_by_text("2 samples were rejected.")).to_be_visible()
        assert f"topic={topic[:4]}" in page.url
        (told,) = server.get(f"sample/{names[1]}/reviews")["reviews"]
        assert (told["decision"], told["reason"]) == ("reject", "Not the law")
        page.get_by_label("Choose: Bulk 0?").check()
        page.get_by_role("button", name="Accept chosen").click()
        expect(page.get_by_text("1 sample was accepted.")).to_be_visible()

    assert [server.get(f"sample/{name}")["sample"]["review"] for name in names] == ["accepted", "rejected"]


@BOTH
def test_two_who_edit_one_sample_lose_nothing(
    browser: Browser, base: str, server: RunningServer, scripts: bool
) -> None:
    name = added(server, f"two-{scripts}", question="Who wins?", answer="Nobody.\nYet.")
    with opened(browser, base, scripts=scripts) as mine, opened(browser, base, scripts=scripts) as theirs:
        for page in (mine, theirs):
            page.goto(f"/ui/sample/edit?id={name}")
        theirs.get_by_label("Answer").fill("They say this.")
        theirs.get_by_label("Question").fill("Who wins now?")
        theirs.get_by_role("button", name="Save", exact=True).click()
        expect(theirs.get_by_text("The sample was changed.")).to_be_visible()
        mine.get_by_label("Answer").fill("I say that.")
        mine.get_by_label("Topic").fill("Tort Law - Mine")
        mine.get_by_role("button", name="Save", exact=True).click()

        expect(mine.get_by_role("alert")).to_contain_text("Somebody else changed this sample while you edited it.")
        assert server.get(f"sample/{name}")["sample"]["answer"] == "They say this."
        expect(mine.get_by_label("Answer")).to_have_value("I say that.")
        expect(mine.get_by_label("Question")).to_have_value("Who wins now?")
        expect(mine.locator(".passage", has_text="They say this.")).to_be_visible()
        if scripts:
            assert faults(mine) == []
        mine.get_by_role("button", name="Save", exact=True).click()
        expect(mine.get_by_text("The sample was changed.")).to_be_visible()

    held = server.get(f"sample/{name}")["sample"]
    assert (held["answer"], held["question"], held["topic"]) == ("I say that.", "Who wins now?", "Tort Law - Mine")


def test_an_edit_that_is_at_fault_keeps_what_was_typed(browser: Browser, base: str, server: RunningServer) -> None:
    name = added(server, "faulty", question="What is at fault?")
    with opened(browser, base, scripts=False) as page:
        page.goto(f"/ui/sample/edit?id={name}")
        page.get_by_label("Answer").fill("A new answer.")
        page.get_by_label("Topic").fill("   ")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("topic")
        expect(page.get_by_label("Answer")).to_have_value("A new answer.")
        page.get_by_label("Topic").fill("Tort Law - Fault")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("The sample was changed.")).to_be_visible()


@BOTH
def test_edit_of_an_accepted_sample_tells_that_it_waits_again_and_stands_in_its_history(
    browser: Browser, base: str, server: RunningServer, scripts: bool
) -> None:
    name = added(server, f"again-{scripts}", question="Does it wait again?", answer="Before.", jurisdiction="uk")
    server.post(f"sample/{name}/review", decision="accept", reason="right")
    with opened(browser, base, scripts=scripts) as page:
        page.goto(f"/ui/sample?id={name}")
        expect(page.locator("dd", has_text="United Kingdom")).to_be_visible()
        page.get_by_role("link", name="Edit").click()
        expect(page.get_by_text("This sample is accepted.")).to_be_visible()
        page.get_by_label("Answer").fill("After.")
        page.get_by_label("Your name").fill(f"Ann {MARKUP}")
        page.get_by_role("button", name="Save", exact=True).click()

        expect(page.get_by_text("It waits for review again")).to_be_visible()
        expect(page.get_by_text(f"Edited by Ann {MARKUP}")).to_be_visible()
        expect(page.get_by_text("Changed: answer")).to_be_visible()
        assert server.get(f"sample/{name}")["sample"]["review"] is None

        page.get_by_role("link", name="Edit").click()
        page.get_by_role("button", name="Save and accept").click()
        expect(page.get_by_text("The text stays as it was. It is accepted.")).to_be_visible()

    assert server.get(f"sample/{name}")["sample"]["review"] == "accepted"
    told = [one["decision"] for one in server.get(f"sample/{name}/reviews")["reviews"]]
    assert told == ["accept", "change", "accept"]


def test_sample_is_found_and_edited_by_keyboard_alone(browser: Browser, base: str, server: RunningServer) -> None:
    added(server, "keys", question="Is the keyboard enough xylophone?", answer="Perhaps.")
    with opened(browser, base) as page:
        page.goto("/ui/samples")
        page.keyboard.press("/")
        page.keyboard.type("xylophone")
        page.keyboard.press("Enter")
        expect(page.get_by_text("1–1 of 1 sample that matches")).to_be_visible()
        tab_to(page, "Is the keyboard enough xylophone?")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Sample", exact=True)).to_be_visible()
        page.keyboard.press("e")
        expect(page.get_by_role("heading", name="Edit a sample")).to_be_visible()
        tab_to(page, "", "f-answer")
        page.keyboard.press("Control+a")
        page.keyboard.type("It is enough.")
        tab_to(page, "Save")
        page.keyboard.press("Enter")
        expect(page.get_by_text("The sample was changed.")).to_be_visible()
        assert server.get("sample/keys")["sample"]["answer"] == "It is enough."


def tab_to(page: Page, text: str, name: str = "") -> None:
    """Press Tab until what has this text, or this id, has the focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        focused = page.evaluate("({text: document.activeElement.innerText || '', id: document.activeElement.id})")
        if (name and focused["id"] == name) or (text and focused["text"].strip() == text):
            return
    raise AssertionError(f"Tab never came to {text or name!r}")


@BOTH
def test_of_two_that_are_alike_one_is_kept_by_one_button(
    browser: Browser, base: str, server: RunningServer, scripts: bool
) -> None:
    sentence = (
        "The seller of a {} owes the buyer that it be fit for every purpose that both knew of when they agreed."
        if scripts
        else "Whoever keeps a {} on land answers for the harm that its escape does to the neighbour, without any fault."
    )
    things = ("kettle", "lamp", "chair", "ladder")
    answer = f"{' '.join(sentence.format(thing) for thing in things)} {scripts} {MARKUP}"
    for n, last in enumerate(("table", "stool")):
        added(server, f"alike-{scripts}-{n}", question=f"Fit for what, {scripts}?", answer=f"{answer} {last}.")
    with opened(browser, base, scripts=scripts) as page:
        page.goto("/ui/samples")
        page.get_by_role("link", name="Duplicates").click()
        group = page.locator("section", has_text=f"{scripts} {MARKUP} table.")
        expect(group.get_by_text("Same question")).to_be_visible()
        group.locator("summary").click()
        expect(group.locator("mark")).to_have_text(["table", "stool"])
        if scripts:
            assert faults(page) == []
            page.once("dialog", lambda dialog: dialog.accept())
        half = group.locator(".half", has_text="table.")
        half.get_by_role("button", name="Keep this, delete the other").click()
        expect(page.get_by_text("One was kept, the other deleted.")).to_be_visible()
        kept = [server.get(f"sample/alike-{scripts}-{n}")["success"] for n in range(2)]
        assert kept == [True, False]


@BOTH
def test_the_same_question_with_another_answer_is_found(
    browser: Browser, base: str, server: RunningServer, scripts: bool
) -> None:
    for n, answer in enumerate(("It is void.", "Nobody knows that yet, and nobody will.")):
        added(server, f"same-{scripts}-{n}", question=f"Is {MARKUP} asked {'twice ' * (1 + scripts)}?", answer=answer)
    with opened(browser, base, scripts=scripts) as page:
        page.goto("/ui/duplicates")
        expect(page.get_by_role("link", name="Alike by 60 % or more")).to_be_visible()
        expect(page.get_by_role("link", name="From 30 %")).to_be_visible()
        page.get_by_role("link", name="Same question").click()
        group = page.locator("section", has_text=f"Is {MARKUP} asked {'twice ' * (1 + scripts)}?")
        group.locator("summary").click()
        expect(group.get_by_text("The question is the same; the answers differ.")).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)])
def test_pages_have_no_fault_and_fit_the_screen(
    browser: Browser, base: str, server: RunningServer, width: int, dark: bool
) -> None:
    long = "x" * 300
    name = f"looks-{width}-{dark}"
    added(server, name, question=f"{long} {width} {dark}?", answer=f"Donoghue v Stevenson [1932] AC 562 {long}")
    server.post(f"sample/{name}/review", decision="edit", reason=long, changes={"answer": f"Now {long}"})
    with opened(browser, base, width=width, dark=dark) as page:
        for address in (
            "/ui/samples",
            f"/ui/samples?topic={MARKUP}",
            f"/ui/sample?id={name}",
            f"/ui/sample/edit?id={name}",
            "/ui/samples/add",
            "/ui/samples/import",
            "/ui/duplicates",
            "/ui/duplicates?kind=question",
            f"/ui/duplicates?one=n001&other={name}",
            f"/ui/review?id={name}",
        ):
            page.goto(address)
            assert faults(page) == [], address
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def test_who_may_only_read_sees_nothing_to_change_and_is_refused(browser: Browser, tmp_path: Path) -> None:
    token = new_token()
    with (
        RunningServer(tmp_path, api_tokens=f"read:{token}") as own,
        opened(browser, own.url.removesuffix("/api")) as page,
    ):
        page.goto("/ui/samples")
        page.get_by_label("Access token").fill(token)
        page.keyboard.press("Enter")
        expect(page.get_by_text("There are no samples yet")).to_be_visible()
        assert faults(page) == []
        assert page.get_by_role("link", name="Import a file").count() == 0
        page.goto("/ui/review")
        expect(page.get_by_text("There is nothing to review yet")).to_be_visible()
        form = page.evaluate(
            """async () => {
                const body = new URLSearchParams({csrf_token: document.querySelector('[name=csrf_token]').value});
                return (await fetch('/ui/samples/change', {method: 'POST', body})).status;
            }"""
        )
        assert form == 403
