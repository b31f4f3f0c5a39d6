"""The words that names of cases are read by: they come with the product, and a fault in them names file and list."""

from pathlib import Path

import pytest

from services.citations.names import compare, name_before, words_of
from services.citations.words import FILE, name_words, read_words
from utils.errors import ConfigurationError

GOOD = 'inside = ["of"]\nlead = ["see"]\ngeneric = ["ltd"]\nabbreviated = ["indus"]\n'


def test_lists_that_come_with_the_product_are_read_once_and_tell_the_parties() -> None:
    words = name_words()

    assert words is name_words()
    assert words == read_words(FILE)
    assert words_of("The Smith & Co Ltd v Secretary of State") == {"smith"}
    assert compare("Smith v Jones", "Smith Ltd v Jones plc") == "same"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("See Donoghue v Stevenson ", "Donoghue v Stevenson", id="lead"),
        pytest.param("Under Jones v Board of Trade ", "Jones v Board of Trade", id="inside"),
        pytest.param("Acme Indus. v. Chem. Props. Ltd ", "Acme Indus. v. Chem. Props. Ltd", id="abbreviated"),
    ],
)
def test_each_list_finds_where_a_name_begins(text: str, name: str) -> None:
    assert name_before(text, len(text), 0)[0] == name


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(None, "cannot be read", id="missing file"),
        pytest.param("inside = [", r"words\.toml:1: ", id="no TOML"),
        pytest.param(GOOD.replace('lead = ["see"]\n', ""), "lead: want a list of words", id="missing list"),
        pytest.param(GOOD.replace('["see"]', "[]"), "lead: want a list of words", id="empty list"),
        pytest.param(GOOD.replace('["see"]', '["see", 1]'), "lead: want a list of words", id="no word"),
        pytest.param(GOOD.replace('["ltd"]', '["Ltd"]'), "generic: got 'Ltd', want words in lower case", id="capital"),
        pytest.param(GOOD.replace('["ltd"]', '[""]'), "generic: got '', want words in lower case", id="empty word"),
        pytest.param(GOOD + "more = []\n", "more: unknown; want inside, lead, generic, abbreviated", id="unknown"),
    ],
)
def test_fault_names_file_and_list(tmp_path: Path, content: str | None, says: str) -> None:
    path = tmp_path / "words.toml"
    if content is not None:
        path.write_text(content)

    with pytest.raises(ConfigurationError, match=says) as raised:
        read_words(path)

    assert str(path) in str(raised.value)
