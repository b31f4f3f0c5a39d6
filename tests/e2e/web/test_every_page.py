"""Each page with markup planted wherever others write: shown as text; reachable, readable, with nothing from elsewhere.

What axe-core does not see is looked at besides: one h1, titles that differ, no sideways scrolling, a visible focus on
every control, in the order of the page.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.server import RunningServer
from tests.e2e.web.browser import faults, needs_chromium, opened
from tests.fakes import catalog_without_limits, sample
from tests.patience import until
from tests.vendors.simulator import Reply, SimulatedVendor, error

pytestmark = [needs_chromium, pytest.mark.timeout(600)]
PLANTED = "<img src=planted onerror=\"document.title='planted'\"><b data-planted>bold</b>"
ACT = f"Harbours Act 2021 {PLANTED}\n\n1 Licences\nA person must not keep a boat {PLANTED} without a licence.\n"
_FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const shown = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  const all = [...document.querySelectorAll('*')];
  return [all.indexOf(one), shown, box.width > 0 && box.height > 0, one.outerHTML.slice(0, 120)];
}"""


@dataclass
class Site:
    """A server in which markup was planted, and the addresses of its pages."""

    url: str
    paths: dict[str, str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")

    def fault(number: int, _: object) -> Reply | None:
        return error(500, f"broken {PLANTED}") if number > 2 else None

    with (
        SimulatedVendor("groq", ["openai/gpt-oss-120b"], fault) as groq,
        RunningServer(
            folder,
            groq_base_url=groq.url,
            groq_api_key="gsk_test_0123456789",
            catalog_dir=catalog_without_limits(folder),
            embedder="off",
            allow_private_base_urls="true",
        ) as server,
    ):
        yield Site(server.url.removesuffix("/api"), planted(server))


def planted(server: RunningServer) -> dict[str, str]:
    """Plant markup wherever somebody else's words may come from; return the pages that show them."""
    name = f"odd/{PLANTED}"
    for number in range(3):
        texts = {"question": f"{PLANTED} question {number}?", "answer": f"{PLANTED} answer. " * 5}
        more = {"reasoning": f"Step 1: {PLANTED}", "case_citation": f"{PLANTED} v Other [2099] UKSC {number}"}
        row = sample(id=f"{name}{number}", topic=f"Tort {PLANTED} - Nuisance {PLANTED}", **texts, **more)
        assert server.post("add", **row)["success"]
    server.post(f"sample/{quote(name + '0', safe='')}/review", decision="reject", reason=PLANTED, reviewer=PLANTED)
    sent = {"file": (f"{PLANTED.replace('/', '')}.txt", ACT)}
    told = server.session.post(
        f"{server.url}/files/upload?wait=1", files=sent, data={"licence": "own", "title": PLANTED}, timeout=120
    ).json()
    batch = server.post("generate/batch/start", count=3, provider="groq", reasoning_instruction=PLANTED)["batch_id"]
    until(lambda: server.get(f"generate/batch/status?batch_id={batch}")["errors"])
    server.post("generate/batch/stop", batch_id=batch)
    server.wait_for_end(batch)
    told_apart = {"count": 1, "reasoning_instruction": PLANTED}
    writers = ["groq/openai/gpt-oss-120b", f"groq/{PLANTED}"]
    compared = server.post("comparisons", name=PLANTED, targets=writers, batch=told_apart)["comparison"]
    for one in compared["results"]:
        server.session.post(f"{server.url}/generate/batch/stop", json={"batch_id": one["batch_id"]}, timeout=60)
        server.wait_for_end(one["batch_id"])
    released = server.post("releases", name="planted", description=PLANTED, include="all")["run_id"]
    until(lambda: server.get("releases")["releases"])
    release = server.get("releases")["releases"][0]["id"]
    server.post(f"releases/{release}/yank", reason=PLANTED)
    recipe = {"batch": {"count": 1, "reasoning_instruction": PLANTED}, "note": PLANTED}
    server.session.put(f"{server.url}/templates/planted", json=recipe, timeout=60).raise_for_status()
    server.post("schedules", template="planted", cron="0 6 * * 1")
    hook = server.post("webhooks", url=f"http://127.0.0.1:9/{quote(PLANTED)}")["webhook"]["id"]
    server.post(f"webhooks/{hook}/test")
    asked = server.post("query", query=f"How many samples are there? {PLANTED}")
    server.post("memories", key=PLANTED, value=PLANTED)
    named = {"name": f"A provider {PLANTED}"}
    server.session.put(f"{server.url}/providers/openai", json=named, timeout=60).raise_for_status()
    shown = quote(name + "0", safe="")
    return {
        "overview": "/ui/",
        "quality": "/ui/overview/quality",
        "generate": f"/ui/generate?count=2&reasoning_instruction={quote(PLANTED)}",
        "batches": "/ui/batches",
        "batch": f"/ui/batches/{batch}",
        "compare": f"/ui/batches/compare?id={batch}&id={batch}",
        "samples": f"/ui/samples?topic={quote(f'Tort {PLANTED} - Nuisance {PLANTED}')}",
        "search": f"/ui/samples?q={quote(PLANTED)}",
        "sample": f"/ui/sample?id={shown}",
        "edit": f"/ui/sample/edit?id={shown}",
        "review": "/ui/review",
        "duplicates": "/ui/duplicates",
        "documents": "/ui/documents",
        "document": f"/ui/documents/{told['file_id']}",
        "retrieve": f"/ui/retrieve?q={quote('boat licence ' + PLANTED)}",
        "models": "/ui/providers",
        "provider": "/ui/providers/openai",
        "leaderboard": f"/ui/leaderboard?topic={quote(f'Tort {PLANTED} - Nuisance {PLANTED}')}",
        "all_models": "/ui/leaderboard?sort=quality",
        "comparison": f"/ui/comparisons/{compared['id']}",
        "publish": f"/ui/publish?include=all&system_prompt={quote(PLANTED)}",
        "card": "/ui/publish/card?include=all",
        "releases": "/ui/releases",
        "new release": f"/ui/releases/new?description={quote(PLANTED)}&include=all",
        "release": f"/ui/releases/{release}",
        "release run": f"/ui/releases/runs/{released}",
        "release card": f"/ui/releases/{release}/card",
        "release compared": f"/ui/releases/{release}/compare",
        "automation": "/ui/automation",
        "template": "/ui/automation/templates/planted",
        "new template": f"/ui/automation/new?note={quote(PLANTED)}",
        "webhooks": "/ui/automation/webhooks",
        "webhook": f"/ui/automation/webhooks/{hook}",
        "assistant": "/ui/assistant",
        "conversation": f"/ui/assistant/{asked['session_id']}",
        "missing": f"/ui/{quote(PLANTED, safe='')}",
        "refused": f"/ui/sample?id={quote(PLANTED, safe='')}",
    }


PAGES = (
    *(
        "overview",
        "quality",
        "generate",
        "batches",
        "batch",
        "compare",
        "samples",
        "search",
        "sample",
        "edit",
        "review",
    ),
    *("duplicates", "documents", "document", "retrieve", "models", "provider", "publish", "card", "assistant"),
    *("conversation", "missing", "refused", "leaderboard", "all_models", "comparison"),
    *("releases", "new release", "release", "release run", "release card", "release compared"),
    *("automation", "template", "new template", "webhooks", "webhook"),
)


def test_every_page_that_is_planted_is_looked_at(site: Site) -> None:
    assert set(site.paths) == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_page_is_sound(browser: Browser, site: Site, name: str) -> None:
    for width, dark in ((1280, False), (390, True)):
        with opened(browser, site.url, width=width, dark=dark) as page:
            answer = page.goto(site.paths[name])
            page.wait_for_load_state("load")
            assert answer is not None
            assert (answer.status < 400) == (name not in ("missing", "refused")), page.locator("main").inner_text()[
                :500
            ]
            assert page.locator("[data-planted], img[src=planted]").count() == 0
            assert page.title() not in ("planted", "")
            assert faults(page) == []
            assert page.locator("h1").count() == 1
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if width == 1280:
                assert unseen_focus(page) == []


def test_titles_differ(browser: Browser, site: Site) -> None:
    titles: dict[str, str] = {}
    with opened(browser, site.url) as page:
        for name in PAGES:
            if name not in ("search", "refused", "conversation", "all_models"):  # of the same page
                page.goto(site.paths[name])
                titles[name] = page.title()

    assert len(set(titles.values())) == len(titles), json.dumps(titles, indent=1)


def unseen_focus(page: Page, most: int = 60) -> list[str]:
    """Go through the page by the tabulator; return what has no visible focus or comes out of turn."""
    found, before = [], -1
    page.evaluate("document.activeElement?.blur()")
    for _ in range(most):
        page.keyboard.press("Tab")
        told = page.evaluate(_FOCUS)
        if told is None:
            break
        place, is_outlined, is_there, html = told
        if place < before and before >= 0:
            break  # around again
        if not (is_outlined and is_there):
            found.append(html)
        before = place
    return found
