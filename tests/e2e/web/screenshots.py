"""Makes the pictures of docs/images from the pages as they are: `python -m tests.e2e.web.screenshots`.

A real server with simulated vendors, of which one fails over to the other in the middle of a batch; everything on the
pictures is what the service made of that.
"""

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from config import PROJECT_DIR
from tests.e2e.server import RunningServer
from tests.e2e.web.browser import CHROMIUM, opened
from tests.fakes import catalog_without_limits
from tests.patience import until
from tests.vendors.simulator import Reply, SimulatedVendor, error

FOLDER = PROJECT_DIR / "docs" / "images"
ACT = """Harbours Act 2021

1 Short title
This Act may be cited as the Harbours Act 2021.

2 Licences
A person must not keep a boat in a harbour without a licence granted by the harbour master.

3 Offences
A person who keeps a boat without a licence is liable to a fine not exceeding level 3 on the standard scale.
"""
_WIDTH, _HEIGHT, _COLOURS = 1280, 900, 64


def taken(page: Page, name: str) -> None:
    """Keep what the page shows now, in few colours."""
    page.wait_for_load_state("load")
    page.locator("[data-stream].cut").first.wait_for(state="detached")
    raw = Image.open(io.BytesIO(page.screenshot()))
    raw.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


def filled(server: RunningServer) -> str:
    """Make two batches and a document; return the id of the batch that is under way."""
    for topic in ("Tort Law - Nuisance", "Contract Law - Misrepresentation", "Tort Law - Negligence"):
        first = server.post("generate/batch/start", count=30, provider="auto", topic=topic, sample_type="balance")
        server.wait_for_end(first["batch_id"])
    sent = {"file": ("harbours-act.txt", ACT)}
    server.session.post(f"{server.url}/files/upload?wait=1", files=sent, data={"licence": "own"}, timeout=120)
    return str(server.post("generate/batch/start", count=40, provider="auto", topic="Tort Law - Nuisance")["batch_id"])


def main() -> None:
    """Run it from the command line."""
    FOLDER.mkdir(exist_ok=True)
    models = ["openai/gpt-oss-120b", "openai/gpt-oss-20b"]

    def fault(number: int, _: object) -> Reply | None:
        return error(503, "over capacity") if number > 60 else None

    with (
        tempfile.TemporaryDirectory() as folder,
        SimulatedVendor("groq", models, fault) as groq,
        SimulatedVendor("cerebras", ["gpt-oss-120b"]) as cerebras,
        RunningServer(
            Path(folder),
            groq_base_url=groq.url,
            groq_api_key="gsk_test_0123456789",
            cerebras_base_url=cerebras.url,
            cerebras_api_key="csk-test-0123456789",
            catalog_dir=catalog_without_limits(Path(folder)),
            embedder="off",
            max_workers=4,
        ) as server,
        sync_playwright() as playwright,
    ):
        cerebras.set(latency_s=3.0)
        batch = filled(server)
        until(lambda: server.get(f"generate/batch/status?batch_id={batch}")["progress"] > 15)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        sample = server.get("data?limit=1")[0]["id"]
        pages = {
            "overview": "/ui/",
            "generate": "/ui/generate?count=20&topic=Tort+Law+-+Nuisance",
            "batch": f"/ui/batches/{batch}",
            "samples": "/ui/samples",
            "sample": f"/ui/sample?id={sample}",
            "review": "/ui/review",
            "publish": "/ui/publish",
        }
        for name, path in pages.items():
            dark = name == "batch"
            with opened(browser, server.url.removesuffix("/api"), dark=dark, width=_WIDTH) as page:
                page.goto(path)
                page.wait_for_timeout(700)  # what comes later has come
                taken(page, name)
        browser.close()


if __name__ == "__main__":
    main()
