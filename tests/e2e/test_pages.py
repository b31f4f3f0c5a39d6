"""The pages in a real browser: the documentation, and a dashboard that is served beside the API."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.server import RunningServer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


def rendered(url: str, profile: Path) -> tuple[str, str]:
    """Return the page's DOM once its scripts have run, and what the console said."""
    assert CHROMIUM
    done = subprocess.run(
        [
            CHROMIUM,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
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
        page, console = rendered(f"{server.url}/docs", tmp_path / "profile")

    assert "Legal Training Platform" in page
    for path in ("/api/generate/batch/start", "/api/providers/{provider_id}/test", "/api/chat/completions", "/metrics"):
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
