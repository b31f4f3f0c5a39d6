"""The house as it was meant to be: rooms that one can see, a type at every door, words with one meaning."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import PROJECT_DIR

PRODUCT = ("web", "api", "server", "services", "models", "utils", "console")
# More than so many side by side, and nobody sees them at once.
ROOMS = {"services": 18, "models": 16, "api": 4, "web": 12}
ANY_IN_SIGNATURES = 20


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((PROJECT_DIR / folder).rglob("*.py"))
    if "utils" in folders:
        yield from sorted(PROJECT_DIR.glob("*.py"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def annotations(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    named = function.args
    every = [*named.posonlyargs, *named.args, *named.kwonlyargs, *filter(None, (named.vararg, named.kwarg))]
    yield from (argument.annotation for argument in every if argument.annotation is not None)
    if function.returns is not None:
        yield function.returns


@pytest.mark.parametrize("folder", sorted(ROOMS))
def test_rooms_side_by_side_can_be_seen_at_once(folder: str) -> None:
    inside = (PROJECT_DIR / folder).iterdir()
    rooms = [
        path.name for path in inside if path.suffix in ("", ".py") and path.name not in ("__init__.py", "__pycache__")
    ]

    assert len(rooms) <= ROOMS[folder], sorted(rooms)


def test_no_public_function_of_a_service_returns_a_dictionary_of_anything() -> None:
    found = [
        f"{path.relative_to(PROJECT_DIR)}:{function.lineno} {function.name}"
        for path in modules("services")
        for function in functions(path)
        if not function.name.startswith("_") and function.returns and "dict[str, Any]" in ast.unparse(function.returns)
    ]

    assert found == []


def test_any_stands_in_few_signatures_each_with_its_reason() -> None:
    found, bare = [], []
    for path in modules(*PRODUCT):
        lines = path.read_text().splitlines()
        for function in functions(path):
            for annotation in annotations(function):
                if not any(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(annotation)):
                    continue
                place = f"{path.relative_to(PROJECT_DIR)}:{annotation.lineno} {function.name}"
                found.append(place)
                above = lines[function.lineno - 2 : function.body[0].lineno - 1]
                if not any("#" in line for line in above):
                    bare.append(place)

    assert len(found) <= ANY_IN_SIGNATURES, found
    assert bare == []


@pytest.mark.skipif(not (PROJECT_DIR / ".git").exists(), reason="this is no checkout")
def test_no_module_is_left_out_of_the_repository() -> None:
    """What git ignores is there for who wrote it, and for nobody else."""
    paths = [str(path.relative_to(PROJECT_DIR)) for path in modules(*PRODUCT, "tests", "bench")]
    told = subprocess.run(
        ["git", "check-ignore", "--stdin"],
        input="\n".join(paths),
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.stdout.split() == []
