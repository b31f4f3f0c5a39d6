"""Columns of foreign files: which of them are the fields of a sample."""

import pytest

from models.samples.column_map import map_columns, parse_mapping
from utils.errors import InputError

OURS = ("id", "question", "answer", "topic", "difficulty", "case_citation", "reasoning")


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        pytest.param("ID,Question,Answer,Topic,Difficulty,Case Citation,Reasoning", OURS, id="capitals-and-blanks"),
        pytest.param("_id,QUESTION,answer ,topic,difficulty,caseCitation,reasoning", OURS, id="camel-case"),
        pytest.param("Sample ID,q,a,Sample_Type", ("id", "question", "answer", "sample_type"), id="single-letters"),
        pytest.param("prompt,completion", ("question", "answer"), id="prompt-completion"),
        pytest.param("Prompt,Response,explanation", ("question", "answer", "reasoning"), id="prompt-response"),
        pytest.param("input,output", ("question", "answer"), id="input-output"),
        pytest.param("query,response,Level", ("question", "answer", "difficulty"), id="query"),
    ],
)
def test_columns_are_found_without_regard_to_case_blanks_and_tool(columns: str, wanted: tuple[str, ...]) -> None:
    found = map_columns(columns.split(","))

    assert sorted(found.fields) == sorted(wanted)


def test_our_own_name_comes_before_all_others() -> None:
    found = map_columns(["Question", "prompt", "question", "output", "answer"])

    assert dict(found.fields) == {"question": "question", "answer": "answer"}
    assert found.is_own


def test_input_continues_an_instruction_and_is_a_question_where_there_is_none() -> None:
    assert map_columns(["instruction", "input", "output"]).shown() == {
        "question": "instruction+input",
        "answer": "output",
    }
    assert map_columns(["instruction", "context", "response"]).joined == "context"
    assert map_columns(["prompt", "input", "output"]).joined == ""


def test_one_letter_alone_says_nothing() -> None:
    assert dict(map_columns(["a", "b"]).fields) == {}
    assert map_columns(["q", "a"]).has_samples


def test_columns_that_a_caller_names_come_first_and_are_not_guessed_again() -> None:
    found = map_columns(["prompt", "question", "a2"], {"question": "prompt", "answer": "a2"})

    assert dict(found.fields) == {"question": "prompt", "answer": "a2"}
    assert dict(map_columns(["x", "answer"], {"answer": "gone"}).fields) == {}


def test_index_columns_of_pandas_number_the_rows() -> None:
    assert map_columns(["Unnamed: 0", "__index_level_0__", "question"]).index == ("Unnamed: 0", "__index_level_0__")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("question:prompt,answer:completion", {"question": "prompt", "answer": "completion"}),
        (" question : My prompt , answer:x:y ", {"question": "My prompt", "answer": "x:y"}),
        ('{"question": "a, b", "messages": "chat"}', {"question": "a, b", "messages": "chat"}),
    ],
)
def test_mapping_is_read(text: str, wanted: dict[str, str]) -> None:
    assert parse_mapping(text) == wanted


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("question", "got 'question' without a column"),
        ("question:", "got 'question' without a column"),
        ("questoin:prompt", "got the field 'questoin', want some of id, question"),
        ("citations:x", "got the field 'citations'"),
        ("{", "is no JSON object"),
        ('{"question": 1}', "want an object of field names and column names"),
    ],
)
def test_mapping_that_says_nothing_clear_is_refused(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        parse_mapping(text)
