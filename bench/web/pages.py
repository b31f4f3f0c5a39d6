"""How soon pages can be used, and what they load: `python -m bench.web.pages [ROUNDS] [SAMPLES]`.

A real Chromium with an empty cache at a real server with SAMPLES samples. Usable is the moment when
the first paint is done, the document is parsed, its scripts have run, and what the page is for (a table, chart, form or
list in `main`) is drawn: two frames after the load event. Requests and bytes on the wire are as the browser tells them.
Prints medians and the range.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench.store.corpus import Corpus
from tests.e2e.server import RunningServer
from tests.e2e.web.browser import CHROMIUM

PAGES = (
    "/ui/",
    "/ui/generate",
    "/ui/batches",
    "/ui/samples",
    "/ui/review",
    "/ui/documents",
    "/ui/providers",
    "/ui/publish",
    "/ui/assistant",
)
_DRAWN = """() => new Promise(done => {
  const wanted = 'main table, main svg, main form, main ol, main ul, main .empty, main progress';
  function look() {
    const shown = [...document.querySelectorAll(wanted)].some(one => one.getBoundingClientRect().height > 0);
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    const now = performance.now();
    if (shown && paint) done([now, paint.startTime]);
    else if (now > 5000) done(null);
    else requestAnimationFrame(look);
  }
  requestAnimationFrame(() => requestAnimationFrame(look));
})"""


def measured(browser: Browser, address: str) -> tuple[float, float, int, int]:
    """Load a page with an empty cache; return usable and first paint in ms, requests, bytes on the wire."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(address, wait_until="load")
    found = page.evaluate(_DRAWN)
    assert found is not None, f"{address}: nothing was drawn"
    page.wait_for_load_state("networkidle")
    context.close()
    return found[0], found[1], len(sizes), int(sum(sizes))


def main() -> None:
    """Run it from the command line."""
    rounds, samples = (int(text) for text in [*sys.argv[1:], "9", "2000"][:2])
    with tempfile.TemporaryDirectory() as folder:
        Corpus(7).write(Path(folder), samples)
        with RunningServer(Path(folder), rate_limit="off") as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            for path in PAGES:
                address = server.url.removesuffix("/api") + path
                measured(browser, address)  # what the service loads at its first call stays
                found = [measured(browser, address) for _ in range(rounds)]
                usable, paint = ([row[column] for row in found] for column in (0, 1))
                print(
                    f"{path:16} usable {statistics.median(usable):4.0f} ms ({min(usable):.0f}-{max(usable):.0f}),"
                    f" first paint {statistics.median(paint):4.0f} ms, {found[-1][2]} requests,"
                    f" {found[-1][3] / 1000:.1f} kB"
                )
            browser.close()


if __name__ == "__main__":
    main()
