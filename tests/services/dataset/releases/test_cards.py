"""What people and machines read of a release: valid, and true to its manifest."""

import json
from pathlib import Path

import mlcroissant
import pytest
import yaml
from huggingface_hub import DatasetCard

from services.dataset.releases.croissant import croissant_of
from services.platform import Platform
from tests.services.dataset.releases.conftest import release

# The reader of Croissant uses parts of its own readers that they call old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
SPLITS = "0.8,0.1,0.1"


def test_card_is_valid_and_says_what_the_manifest_says(filled: Platform) -> None:
    made = release(filled, splits=SPLITS, license="cc-by-4.0", description="Questions of trusts.")

    text = filled.sharing.card(made["id"])
    head = yaml.safe_load(text.split("---")[1])

    assert "license: cc-by-4.0" in str(DatasetCard(text).data)
    assert head["dataset_info"]["splits"] == [
        {"name": name, "num_bytes": split["memory_bytes"], "num_examples": split["samples"]}
        for name, split in made["splits"].items()
    ]
    assert [field["name"] for field in head["dataset_info"]["features"]] == list(made["columns"])
    for told in (made["content_hash"], "Questions of trusts.", "never 30", "0.8, 0.1, 0.1", "How each row was checked"):
        assert told in text


def test_croissant_is_valid_without_errors_and_warnings(filled: Platform, tmp_path: Path) -> None:
    made = release(filled, splits=SPLITS, license="cc-by-4.0")
    path = tmp_path / "croissant.json"
    path.write_bytes(croissant_of(made, "https://huggingface.co/datasets/lawyer/law"))

    read = mlcroissant.Dataset(path)

    assert read.metadata.issues.errors == set()
    assert read.metadata.issues.warnings == set()
    assert str(read.metadata.ctx.conforms_to) == "CroissantVersion.V_1_1"
    assert read.metadata.version == "1.0.0"
    assert read.metadata.data_limitations
    assert read.metadata.data_annotation_protocol
    assert read.metadata.machine_annotation_tools


def test_croissant_reads_the_rows_of_a_split(filled: Platform, tmp_path: Path) -> None:
    made = release(filled, splits=SPLITS)
    folder = Path(filled.releases.folder(made["id"]).path())
    path = folder / "croissant.json"
    path.write_bytes(croissant_of(made))

    rows = list(mlcroissant.Dataset(path).records("validation"))

    assert len(rows) == made["splits"]["validation"]["samples"]
    assert {row["validation/id"] for row in rows} <= {f"s{number:02}".encode() for number in range(30)}


@pytest.mark.parametrize(
    ("given", "told"), [({}, "not named"), ({"license": "mit"}, "https://spdx.org/licenses/MIT.html")]
)
def test_licence_is_told_as_machines_know_it(filled: Platform, given: dict[str, str], told: str) -> None:
    assert json.loads(croissant_of(release(filled, **given)))["license"] == told
