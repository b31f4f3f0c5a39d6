import json
from pathlib import Path

import pytest

from services.drafts.judging import load_template, one_line, parsed_once
from utils.errors import ConfigurationError


def test_a_name_that_stands_twice_makes_an_answer_unreadable() -> None:
    assert parsed_once('{"verdict": "contradicted"}') == {"verdict": "contradicted"}
    with pytest.raises(ValueError, match="stands twice"):
        parsed_once('{"verdict": "contradicted", "verdict": "supported"}')


def test_material_stays_on_one_line_and_says_the_same() -> None:
    material = {"claim": "one\ntwo\u2028three\u2029four\x85five"}
    line = one_line(material)
    assert line.splitlines() == [line]
    assert json.loads(line) == material


def test_a_template_with_other_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "judge.md"
    path.write_text("{{ material }} {{ secret }}")
    with pytest.raises(ConfigurationError, match="want the names mark, material"):
        load_template(path, {"mark", "material"})
