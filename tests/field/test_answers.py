"""Answers of models as they came in the field are read as what they mean."""

from services.drafts.parser import parse_answer
from tests.field.cases import FieldCase, field_cases


@field_cases("text of the model's answer")
def test_fields_of_an_answer_from_the_field_are_as_they_were_meant(case: FieldCase) -> None:
    draft = parse_answer(case.input)

    assert {name: getattr(draft, name) for name in case.wanted["fields"]} == case.wanted["fields"]
