"""Documents over the running server: README's commands, kills while they are read, a batch that stands on them."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import requests

from models.grounding.library import FILE, Library
from tests.e2e.server import BUSY_S, RunningServer
from tests.e2e.test_data_set import run_block
from tests.fakes import catalog_without_limits
from tests.vendors.lawyer import write_grounded
from tests.vendors.moorings import ACT, CONTRADICTED, DOUBTED, MISSED, SOUND, TITLE, Drafts
from tests.vendors.simulator import SimulatedVendor
from tests.vendors.writer import write_judgement


def upload(server: RunningServer, content: bytes, **told: str) -> Any:
    return requests.post(f"{server.url}/files/upload", data=content, params=told, timeout=BUSY_S).json()


def rows(folder: Path) -> dict[str, int]:
    library = Library(folder / FILE)
    tables = ("documents", "pages", "units", "chunks", "words")
    with library.reading() as connection:
        counts = {
            name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()  # noqa: S608
            for name in tables
        }
    library.close()
    return counts


def test_readme_commands_on_documents_work_as_written(tmp_path: Path) -> None:
    (tmp_path / "moorings.txt").write_text(ACT)
    with RunningServer(tmp_path, model_dir=tmp_path / "models") as server:
        run_block("tested with documents", tmp_path, server)
        found = server.post("retrieve", query="how long may a vessel lie in the harbour?")["results"][0]

    assert (found["number"], found["heading"]) == ("1", "Licence to moor")


def test_documents_survive_kills_whole_or_not_at_all(tmp_path: Path) -> None:
    texts = [ACT.replace("14 days", f"{days} days").encode() * 40 for days in range(20, 26)]
    acknowledged: list[str] = []
    with RunningServer(tmp_path, model_dir=tmp_path / "models") as server:
        for number, text in enumerate(texts):
            acknowledged.append(upload(server, text, name=f"act {number}.txt")["file_id"])
            threading.Event().wait(0.05 * number)
            server.kill()
            server.start()
        for file_id in acknowledged:
            for _ in range(600):
                document = server.get(f"files/{file_id}")["file"]
                if document["status"] in ("ready", "failed"):
                    break
                threading.Event().wait(0.05)
            assert document["status"] == "ready" or document["reason"], document
        listed = server.get("files")["files"]
        for row in listed:
            server.session.delete(f"{server.url}/files/{row['file_id']}", timeout=BUSY_S)
        assert server.post("retrieve", query="moor a vessel in a harbour")["results"] == []

    assert {row["file_id"] for row in listed} == set(acknowledged)
    assert set(rows(tmp_path).values()) == {0}
    assert list((tmp_path / "documents").iterdir()) == []


class Model:
    """Writes from the law that it is shown; the answers of the numbers in *wrong* have a planted fault."""

    def __init__(self, wrong: dict[int, str]) -> None:
        self._wrong = wrong
        self._lock = threading.Lock()
        self._number = 0
        self.prompts: list[str] = []

    def __call__(self, prompt: str, _number: int) -> str:
        if "The reasoning has" not in prompt:
            return "OK, that is understood."
        with self._lock:
            self._number += 1
            number = self._number
            self.prompts.append(prompt)
        fields, _ = write_grounded(prompt, number, self._wrong.get(number, ""))
        return json.dumps({**fields, "question": f"How does the law decide the matter of lot {number}?"})


def test_a_batch_stands_on_documents_and_what_gets_the_law_wrong_is_told_and_written_again(tmp_path: Path) -> None:
    model = Model({2: "number", 4: "misquote", 6: "no_such_provision"})
    with SimulatedVendor("openai") as vendor:
        vendor.content = model
        settings = {
            "openai_base_url": vendor.url,
            "openai_api_key": "sk-test-0123456789",
            "catalog_dir": catalog_without_limits(tmp_path),
            "model_dir": tmp_path / "models",
            "max_workers": 1,
        }
        with RunningServer(tmp_path, **settings) as server:
            refused = server.post("generate/batch/start", count=1, provider="openai", use_rag=True, jurisdiction="us")
            upload(server, ACT.encode(), name="act.txt", title=TITLE, jurisdiction="uk", licence="own", wait="true")
            wanted = {"count": 6, "provider": "openai", "jurisdiction": "uk", "use_rag": True, "difficulty": "basic"}
            topic = {"topic": "Administrative Law - Licence of a Harbour Master", "sample_type": "simple_qa"}
            batch = server.post("generate/batch/start", **wanted, **topic)
            ended = server.wait_for_end(batch["batch_id"])
            samples = server.get("data")

    assert "use_rag: no document of the jurisdiction us is ready" in refused["error"]
    assert ended["samples_generated"] == 6
    told = "\n".join(model.prompts).split("# Your last draft was refused\n")[1:]
    reasons = [one.partition(":")[0] for one in told if one.startswith("grounding")]
    assert reasons == ["grounding number", "grounding quotation", "grounding wrong_section"]
    assert all("# The law" in prompt and TITLE in prompt for prompt in model.prompts)
    for row in samples:
        assert row["grounding"] in ("grounded", "partly")
        source = json.loads(row["sources"])[0]
        assert source["title"] == TITLE
        assert source["licence"] == "own"
        assert source["quotes"]
        assert "[S" not in row["answer"]


def test_a_judge_decides_both_ways_on_what_the_rules_only_doubt_and_its_calls_are_paid_like_others(
    tmp_path: Path,
) -> None:
    drafts = Drafts(f"{SOUND} {CONTRADICTED}", f"{SOUND} {MISSED}", f"{SOUND} {DOUBTED}")
    verdicts = {
        "must bear": {"verdict": "contradicted", "reason": "party", "words": "The owner of a vessel must pay a fee"},
        "court": {"verdict": "not_in_law", "reason": "party", "why": "No court is named."},
    }
    topic = {"topic": "Administrative Law - Licence of a Harbour Master", "sample_type": "simple_qa"}
    wanted = {"count": 3, "provider": "groq", "jurisdiction": "uk", "use_rag": True, "difficulty": "basic", **topic}
    with SimulatedVendor("groq", ["openai/gpt-oss-120b"]) as author, SimulatedVendor("cerebras") as judge:
        author.content = drafts
        judge.content = lambda prompt, _number: write_judgement(prompt, 4, verdicts)
        settings = {
            "groq_base_url": author.url,
            "groq_api_key": "gsk_test_0123456789",
            "cerebras_base_url": judge.url,
            "cerebras_api_key": "csk-test-0123456789",
            "catalog_dir": catalog_without_limits(tmp_path),
            "max_workers": 1,
        }
        with RunningServer(tmp_path, **settings) as server:
            upload(server, ACT.encode(), name="act.txt", title=TITLE, jurisdiction="uk", licence="own", wait="true")
            plain = server.post("generate/batch/start", **wanted, allow_failover=False)
            server.wait_for_end(plain["batch_id"])
            left_to_rules = server.get(f"data?batch_id={plain['batch_id']}")
            drafts.prompts.clear()
            judged = server.post(
                "generate/batch/start", **wanted, allow_failover=False, judge={"provider": "cerebras"}, max_cost_usd=1
            )
            ended = server.wait_for_end(judged["batch_id"])
            rows = server.get(f"data?batch_id={judged['batch_id']}")
            usage = server.get(f"usage?batch_id={judged['batch_id']}&by=provider")["usage"]
            figures = server.get("quality/report")["report"]["grounding"]

    marked = [row for row in left_to_rules if "grounding " in row["quality_issues"]]
    assert (len(left_to_rules), len(marked), drafts.told[0].partition(" (judge")[0]) == (
        3,
        2,
        'grounding party: the claim is contradicted; the provision says "The owner of a vessel must pay a fee"',
    )
    assert drafts.told[1].startswith("grounding party: No court is named (judge cerebras/")
    assert (ended["samples_generated"], len(drafts.told)) == (3, 2)
    for row in rows:
        said = json.loads(row["judgement"])
        assert said["judge"].startswith("cerebras/")
        assert {one["verdict"] for one in said["claims"]} == {"supported"}
        assert len(said["claims"]) == 2
        assert (row["grounding"], row["judge_score"], "grounding " in row["quality_issues"]) == (
            "grounded",
            0.75,
            False,
        )
    by_provider = {row["provider"]: row for row in usage}
    assert {name: row["calls"] for name, row in by_provider.items()} == {"groq": 5, "cerebras": 5}
    assert by_provider["cerebras"]["cost_usd"] > 0
    assert ended["cost_usd"] == pytest.approx(sum(row["cost_usd"] for row in usage), abs=1e-5)
    assert figures["misgrounding"] == {"refused": {"party": 2}, "marked": {"not_in_text": 1, "condition": 1}}
