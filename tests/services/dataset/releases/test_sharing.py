"""Releases on the Hub, by its real client against a simulated wire: pushed, tagged, pulled back, checked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pytest

from models.contract.answers.releases import ReleaseFacts
from models.contract.release_bodies import ReleasePullBody, ReleasePushBody, ReleaseVerifyBody, YankBody
from services.dataset.hub.push import HubAccess
from services.dataset.releases.manifest import manifest_of, read_manifest
from services.platform import Platform
from tests.services.dataset.releases.conftest import release
from tests.vendors.hub import TOKEN, SimulatedHub
from utils.errors import ConflictError, InputError, PublishError

# The client itself uploads in a way that its transport calls old.
pytestmark = pytest.mark.filterwarnings("ignore:Use .content=:DeprecationWarning")
REPO = "lawyer/law"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedHub]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with SimulatedHub() as running:
        yield running


def at(hub: SimulatedHub, platform: Platform) -> Platform:
    """Have *platform* use the simulated Hub."""
    platform.sharing._hub = HubAccess(hub.url, TOKEN)
    return platform


def pushed(platform: Platform, facts: ReleaseFacts, **body: Any) -> dict[str, object]:
    return platform.runs.outcome(platform.sharing.push(facts["id"], ReleasePushBody(**body)))


def pulled(platform: Platform, revision: str = "v1.0.0") -> dict[str, Any]:
    return platform.runs.outcome(platform.sharing.pull(ReleasePullBody(repo_name=REPO, revision=revision)))


def test_release_that_was_pushed_and_pulled_is_the_same(
    filled: Platform, elsewhere: Platform, hub: SimulatedHub
) -> None:
    made = release(at(hub, filled), splits="0.8,0.1,0.1", license="mit")

    done = pushed(filled, made)
    there = pulled(at(hub, elsewhere))

    assert (done["repo_id"], done["tag"]) == (REPO, "v1.0.0")
    assert (there["was_here"], there["release"]["content_hash"]) == (False, made["content_hash"])
    kept = elsewhere.releases.get(made["id"])
    assert {**kept, "origin": ""} == made
    assert kept["origin"] == f"{REPO}@v1.0.0"
    assert elsewhere.releases.verify(made["id"])["is_intact"]
    assert pulled(elsewhere)["was_here"]
    assert filled.sharing.verify(made["id"], ReleaseVerifyBody(repo_name=REPO))["is_intact"]


def test_card_and_manifest_lie_beside_the_data_on_the_hub(filled: Platform, hub: SimulatedHub, tmp_path: Path) -> None:
    made = release(at(hub, filled), splits="0.8,0.1,0.1")
    pushed(filled, made)

    files = hub.tags[REPO, "v1.0.0"]
    for path, content in files.items():
        (tmp_path / "copy" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / path).write_bytes(content)
    loaded = datasets.load_dataset(str(tmp_path / "copy"), cache_dir=str(tmp_path / "cache"))

    assert {name: loaded[name].num_rows for name in loaded} == {n: s["samples"] for n, s in made["splits"].items()}
    assert json.loads(files["release.json"])["content_hash"] == made["content_hash"]
    assert json.loads(files["croissant.json"])["url"] == f"{hub.url}/datasets/{REPO}"
    assert made["content_hash"] in files["README.md"].decode()


def test_version_is_pushed_once_and_the_next_beside_it(filled: Platform, hub: SimulatedHub) -> None:
    made = release(at(hub, filled))
    pushed(filled, made)

    with pytest.raises(ConflictError, match=r"v1\.0\.0"):
        pushed(filled, made)
    filled.dataset.delete("s03")
    pushed(filled, release(filled))

    assert [name for _, name in hub.tags] == ["v1.0.0", "v1.1.0"]
    assert hub.tags[REPO, "v1.0.0"]["release.json"] != hub.tags[REPO, "v1.1.0"]["release.json"]


def test_copy_on_the_hub_in_which_a_character_was_changed_is_refused(
    filled: Platform, elsewhere: Platform, hub: SimulatedHub, tmp_path: Path
) -> None:
    made = release(at(hub, filled))
    pushed(filled, made)
    path = made["files"][0]["path"]
    files = hub.tags[REPO, "v1.0.0"]
    rows = pl.read_parquet(files[path])
    changed = pl.when(pl.col("id") == "s07").then(pl.col("answer") + ".").otherwise("answer").alias("answer")
    rows.with_columns(changed).write_parquet(tmp_path / "changed.parquet")
    files[path] = (tmp_path / "changed.parquet").read_bytes()

    check = filled.sharing.verify(made["id"], ReleaseVerifyBody(repo_name=REPO))
    with pytest.raises(PublishError, match="is not the release that its manifest says"):
        pulled(at(hub, elsewhere))

    assert ("changed_row", "s07") in [(fault["kind"], fault["what"]) for fault in check["faults"]]
    assert elsewhere.releases.all() == []


def test_yanked_release_is_not_pushed_and_a_token_is_needed(filled: Platform, hub: SimulatedHub) -> None:
    made = release(filled)
    with pytest.raises(InputError, match="token"):
        filled.sharing.push(made["id"], ReleasePushBody())

    filled.releases.yank(made["id"], YankBody(reason="wrong"))

    with pytest.raises(ConflictError, match="yanked"):
        at(hub, filled).sharing.push(made["id"], ReleasePushBody())


def test_manifest_of_others_that_names_other_files_is_refused(filled: Platform) -> None:
    made = release(filled)

    assert read_manifest(manifest_of(made)) == made
    for bad in ("../../etc/passwd", "data/../../x.parquet", "/data/train-00000-of-00001.parquet"):
        odd = {**made, "files": [{**made["files"][0], "path": bad}]}
        with pytest.raises(InputError, match="no release has"):
            read_manifest(json.dumps(odd).encode())
    for content in (b"[]", b"{", b'{"id": 1}'):
        with pytest.raises(InputError, match="no manifest"):
            read_manifest(content)
