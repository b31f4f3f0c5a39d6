"""Faults of a form, each at its field."""

from web.parts.field_faults import at_lines, by_field

NAMES = ("name", "cron", "timezone")


def test_each_fault_is_at_its_field_and_the_rest_under_none() -> None:
    message = "cron: got 'x', want five fields: minute, hour; such as 0 6 * * 1; timezone: got 'y', want a name"

    assert by_field(message, NAMES) == {
        "cron": "Got 'x', want five fields: minute, hour; such as 0 6 * * 1",
        "timezone": "Got 'y', want a name",
    }
    assert by_field("template 'x': is not here; see GET /api/templates", NAMES) == {
        "": "Template 'x': is not here; see the page Automation"
    }


def test_a_pattern_is_told_by_the_hint_of_the_field() -> None:
    message = "name: got 'a b', want text of the form ^[A-Za-z0-9][A-Za-z0-9._-]*$"

    assert by_field(message, NAMES) == {"name": "Got 'a b', want it in the form told below"}


def test_a_fault_of_a_recipe_names_the_line_that_sets_it() -> None:
    yaml = "# a comment\ncount: 0\njudge:\n  min_score: 2\nmodel: x\n"
    message = "count: got 0, want at least 1; judge.min_score: got 2, want at most 1; provider: is missing"

    assert at_lines(message, yaml) == (
        "Line 2, count: got 0, want at least 1\nLine 4, judge.min_score: got 2, want at most 1; provider: is missing"
    )


def test_what_is_of_no_line_is_told_as_it_is() -> None:
    assert at_lines("yaml: cannot be read (line 1)", "a b") == "yaml: cannot be read (line 1)"
