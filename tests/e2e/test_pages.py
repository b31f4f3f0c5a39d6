"""The pages in a real browser: the documentation, and a dashboard that is served beside the API."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.server import RunningServer
from tests.patience import until
from tests.vendors.dripping import MODEL, DrippingVendor

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

_BROWSER = [
    CHROMIUM or "",
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
]


def rendered(url: str, profile: Path) -> tuple[str, str]:
    """Return the page's DOM once its scripts have run, and what the console said."""
    assert CHROMIUM
    done = subprocess.run(
        [
            *_BROWSER,
            *("--enable-logging=stderr", f"--user-data-dir={profile}", "--virtual-time-budget=15000", "--dump-dom"),
            url,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.timeout(180)
def test_documentation_lists_every_endpoint_in_a_browser(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        described = server.session.get(f"{server.url}/openapi.json", timeout=60).json()
        # A link to a group opens it.
        page, console = rendered(f"{server.url}/docs#/Batches", tmp_path / "profile")

    assert "Legal Training Platform" in page
    for tag in described["tags"]:
        assert f'data-tag="{tag["name"]}"' in page, page[:2000]
    mine = [path for path, does in described["paths"].items() if any("Batches" in one["tags"] for one in does.values())]
    assert len(mine) > 5
    for path in mine:
        assert f'data-path="{path}"' in page, page[:2000]
    assert "Failed to load API definition" not in page
    assert "Content Security Policy" not in console, console


@pytest.mark.timeout(180)
def test_dashboard_runs_in_a_browser_and_reaches_the_api(tmp_path: Path) -> None:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(
        '<!doctype html><title>x</title><div id="root"></div><script>window.base = "/api"</script>'
        '<script type="module" src="/assets/index-a1B2c3D4.js"></script>'
    )
    (built / "assets" / "index-a1B2c3D4.js").write_text(
        "const told = await (await fetch(window.base + '/stats')).json();\n"
        "document.querySelector('#root').textContent = `${location.pathname}: ${told.total} samples`;\n"
    )
    with RunningServer(tmp_path, dashboard_dir=built) as server:
        page, console = rendered(server.url.replace("/api", "/batches/42"), tmp_path / "profile")

    assert "/batches/42: 0 samples" in page, (page, console)
    assert "Content Security Policy" not in console


_READS_STREAMS = """
const body = JSON.stringify({query: 'hello there', model_provider: 'openai', model_name: '%s'});
const sent = {method: 'POST', headers: {'Content-Type': 'application/json'}, body};
const answer = await fetch('/api/v1/query/stream', sent);
const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
let text = '', first = '';
for (;;) {
  const {value, done} = await reader.read();
  if (done) break;
  text += value;
  if (!first && text.includes('"token"')) first = text.includes('[DONE]') ? 'late' : 'early';
}
const messages = text.split('\\n\\n').filter(one => one.startsWith('id: '));
const events = messages.map(one => JSON.parse(one.split('\\n')[1].slice(6)));
const said = list => list.filter(one => one.type === 'token').map(one => one.content).join('');
const run = answer.headers.get('X-Run-ID');
const again = [], ids = [];
const source = new EventSource(`/api/v1/runs/${run}/events`);
source.onmessage = message => {
  if (message.data === '[DONE]') {
    source.close();
    const same = JSON.stringify(again) === JSON.stringify(events);
    const counted = ids.every((id, place) => Number(id) === place + 1);
    const value = `fetch: ${said(events)}| EventSource: ${said(again)}| ${first} ${same} ${counted}`;
    const kept = {...sent, body: JSON.stringify({key: 'read', value})};
    fetch('/api/v1/memories', kept);
    return;
  }
  again.push(JSON.parse(message.data));
  ids.push(message.lastEventId);
};
"""


@pytest.mark.timeout(180)
def test_browser_reads_a_stream_by_fetch_while_it_is_written_and_again_by_event_source(tmp_path: Path) -> None:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(
        '<!doctype html><title>x</title><script type="module" src="/assets/index-a1B2c3D4.js"></script>'
    )
    (built / "assets" / "index-a1B2c3D4.js").write_text(_READS_STREAMS % MODEL)
    words = [f"word{number} " for number in range(30)]
    with DrippingVendor(words, 0.05) as vendor:
        settings = {"openai_base_url": vendor.url, "openai_api_key": "k", "embedder": "off", "dashboard_dir": built}
        with RunningServer(tmp_path, **settings) as server:
            browser = subprocess.Popen(
                [*_BROWSER, f"--user-data-dir={tmp_path / 'profile'}", server.url[: -len("/api")]]
            )
            until(lambda: server.get("memories")["memories"])
            browser.kill()
            browser.wait()
            (told,) = server.get("memories")["memories"]

    said = "".join(words)
    assert told["value"] == f"fetch: {said}| EventSource: {said}| early true true"
