"""The documents say what the code does."""

import re
import subprocess

import pytest

from api_server import create_app
from config import PROJECT_DIR, Settings
from container import Container

README = (PROJECT_DIR / "README.md").read_text()
_ID = re.compile("<(id:|provider:|model:)?(sample|batch|provider|model)_id>")
API = (PROJECT_DIR / "docs" / "api.md").read_text()


def test_every_setting_stands_in_the_readme_with_its_description() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| .*? \| (.*?) \|$", README, re.MULTILINE))

    assert rows == {name.upper(): field.description for name, field in Settings.model_fields.items()}


def test_every_setting_is_read_by_something() -> None:
    code = "".join(path.read_text() for path in PROJECT_DIR.glob("*.py")) + "".join(
        path.read_text() for folder in ("console", "api") for path in (PROJECT_DIR / folder).glob("*.py")
    )
    catalog = (PROJECT_DIR / "catalog" / "providers.toml").read_text()
    unread = [
        name
        for name in Settings.model_fields
        if f"settings.{name}" not in code
        and f"self.{name}" not in code
        and name.upper() not in catalog + code.replace(f"    {name}:", "")
    ]

    assert unread == []


def test_every_route_stands_in_the_api_document(container: Container) -> None:
    app = create_app(container=container)
    missing = [
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and not rule.rule.startswith("/api/v1/")
        if f"`{method} {_ID.sub('<id>', rule.rule)}`" not in API
    ]

    assert missing == []


@pytest.mark.parametrize("name", ["README.md", "docs/architecture.md", "docs/api.md", "NOTICE.md"])
def test_files_that_documents_name_exist(name: str) -> None:
    text = (PROJECT_DIR / name).read_text()
    links = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    named = re.findall(r"`((?:api|services|models|utils|console|catalog|docs|tests)/[\w/.-]+?)`", text)
    folder = (PROJECT_DIR / name).parent

    assert [link for link in links if not (folder / link).exists()] == []
    assert [path for path in named if not (PROJECT_DIR / path).exists() and not (folder / path).exists()] == []


def test_repository_holds_no_data_and_no_key() -> None:
    files = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, cwd=PROJECT_DIR, check=False
    ).stdout.split()
    if not files:
        pytest.skip("not a git checkout")
    text = "".join(
        (PROJECT_DIR / f).read_text(errors="ignore")
        for f in files
        if not f.startswith("tests/") and (PROJECT_DIR / f).is_file()
    )

    assert [name for name in files if name.endswith((".parquet", ".db", ".gguf", ".env"))] == []
    assert re.findall(r"\b(?:gsk_|csk-|hf_)[A-Za-z0-9]{20,}", text) == []
