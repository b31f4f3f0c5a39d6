"""What is exported in any format comes in again as it was."""

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.samples.sample_store import SampleStore
from services.dataset.import_service import ImportService
from services.dataset.publish_service import PublishService
from services.dataset.publishable import Choice
from services.formats import exporters
from services.formats.export_format import ExportFormat, ExportOptions
from tests.fakes import sample
from tests.services.dataset.taking import take, written
from utils.control_characters import put_right
from utils.plugins import find_specs

SPECS = find_specs(exporters, ExportFormat)
FLAT = [spec for spec in SPECS if spec.is_flat]
CHAT = [spec for spec in SPECS if spec.is_chat]
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9, width=32)
EXTRA = st.none() | st.booleans() | NUMBERS
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda text: put_right(text).strip()
)
ODD = st.sampled_from(
    ["=1+1", "'x", "5", "'5", "007", "true", "NaN", "a;b", "1.50", "[1]", '{"a": 1}', "a\tb", "sep=;", "é", "\ufeffx"]
)


def held(store: SampleStore) -> list[dict[str, object]]:
    rows = ({name: value for name, value in row.items() if value is not None} for row in store.walk())
    return sorted(rows, key=lambda row: str(row["id"]))


def emptied(store: SampleStore) -> None:
    for row in list(store.walk()):
        store.delete(row["id"])


@pytest.mark.parametrize("spec", FLAT, ids=lambda spec: spec.name)
@given(texts=st.lists(TEXT | ODD, min_size=1, max_size=4), extra=EXTRA, note=st.none() | ODD, blank=st.booleans())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_export_comes_in_again_without_loss(
    publish: PublishService, store: SampleStore, imports: ImportService, spec: ExportFormat,
    texts: list[str], extra: object, note: object, blank: bool,
) -> None:  # fmt: skip
    emptied(store)
    fields = {"extra": extra, "note": note, **({"case_citation": ""} if blank else {})}
    rows = [sample(id=f"s{n}", question=text, answer=text, topic=text, **fields) for n, text in enumerate(texts)]
    take(imports, b"\n".join(map(orjson.dumps, rows)))
    before = held(store)

    content = written(publish, format=spec.name, wanted=Choice(include="all"))
    emptied(store)
    take(imports, content, name=f"x.{spec.extension}")

    after = held(store)
    for row in after:
        row.pop("imported_quality_issues", None)  # what the first import noted is a claim by now
    assert after == before


@pytest.mark.parametrize("reasoning", ["omit", "think"])
@pytest.mark.parametrize("spec", CHAT, ids=lambda spec: spec.name)
def test_every_conversation_comes_in_again(
    publish: PublishService, store: SampleStore, imports: ImportService, spec: ExportFormat, reasoning: str
) -> None:
    store.add(sample(id="a", question=" q\n", answer="\n a ", reasoning=" r\n\nr "))
    options = ExportOptions(fields=("id", "topic"), system_prompt="Be brief.", reasoning=reasoning)
    content = written(publish, format=spec.name, options=options)

    store.delete("a")
    take(imports, content)

    row = dict(store.get("a"))
    assert (row["question"], row["answer"], row["topic"]) == (" q\n", "\n a ", sample()["topic"])
    assert row["reasoning"] == (" r\n\nr " if reasoning == "think" else "")
    assert row["system_prompt"] == "Be brief."
