"""The documents say what the code does."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from api_server import create_app
from bootstrap import Service
from config import PROJECT_DIR, Settings
from services.quality.duplicates import DuplicateThresholds
from tests.extending.house import pages, steps
from tests.write_readme_settings import with_table
from tests.write_trainers import with_recipes

FOLDERS = ("web", "api", "services", "models", "utils", "console", "server", "bench")
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "NOTICE.md",
    "docs/api.md",
    "docs/architecture.md",
    "docs/client.md",
    "docs/glossary.md",
    "docs/automation.md",
    "docs/releases.md",
    "docs/style.md",
    "docs/trainers.md",
    "findings/README.md",
)
README = (PROJECT_DIR / "README.md").read_text()
_ID = re.compile("<(id:|provider:|model:)?(sample|batch|provider|model|comparison)_id>")
API = (PROJECT_DIR / "docs" / "api.md").read_text()

# What a service writes: where its samples lie in shards, and with a release.
_WRITTEN = {"dataset.json", "shards.json", "release.json", "croissant.json"}


def test_settings_of_the_readme_are_those_of_the_code() -> None:
    assert with_table(README) == README, "run `.venv/bin/python -m tests.write_readme_settings`"


def test_recipes_of_the_document_are_those_of_the_code() -> None:
    page = (PROJECT_DIR / "docs" / "trainers.md").read_text()

    assert with_recipes(page) == page, "run `.venv/bin/python -m tests.write_trainers`"


def test_every_setting_is_read_by_something() -> None:
    code = "".join(path.read_text() for path in PROJECT_DIR.glob("*.py")) + "".join(
        path.read_text()
        for folder in ("console", "web", "api", "server")
        for path in (PROJECT_DIR / folder).rglob("*.py")
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


def test_every_route_stands_in_the_api_document(platform: Service) -> None:
    app = create_app(platform=platform)
    missing = [
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and not rule.rule.startswith("/api/v1/")
        if f"`{method} {_ID.sub('<id>', rule.rule)}`" not in API
    ]

    assert missing == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_documents_name_exist(name: str) -> None:
    text = (PROJECT_DIR / name).read_text()
    links = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    named = re.findall(r"`((?:api|services|models|utils|console|catalog|docs|tests)/[\w/.-]+?)`", text)
    folder = (PROJECT_DIR / name).parent

    assert [link for link in links if not (folder / link).exists()] == []
    assert [path for path in named if not (PROJECT_DIR / path).exists() and not (folder / path).exists()] == []


CONTRIBUTING = (PROJECT_DIR / "CONTRIBUTING.md").read_text()
MAKEFILE = (PROJECT_DIR / "Makefile").read_text()
# Of a data folder.
DATA_FOLDERS = ("backups/", "originals/")
DATA = (".parquet", ".db", "CasesMetadata.json")


def tracked(*patterns: str) -> list[Path]:
    """Return our files; those of version control where there is one."""
    return sorted(
        path
        for pattern in patterns
        for path in PROJECT_DIR.glob(pattern)
        if not {".venv", "node_modules"} & set(path.relative_to(PROJECT_DIR).parts)
    )


def docstrings(path: Path) -> list[str]:
    found = [
        ast.get_docstring(node)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    ]
    return [text for text in found if text]


def missing_files(text: str, *folders: Path) -> list[str]:
    """Return the files that *text* names in backquotes and none of *folders* has."""
    named = re.findall(r"`([\w./-]*[\w-]\.(?:py|md|toml|csv|html|json|yaml|lock))`", text)
    return [
        name
        for name in named
        if not name.startswith("/") and not name.endswith(DATA)
        if not any((folder / name).exists() for folder in folders)
    ]


def test_every_file_that_the_architecture_names_is_in_a_folder_named_beside_it() -> None:
    text = (PROJECT_DIR / "docs" / "architecture.md").read_text()
    missing = []
    for paragraph in re.split(r"\n\n|\n(?=\d+\. )", text):
        paths = re.findall(r"`((?:api|services|models|utils|console|catalog|docs)/[\w/.-]*)`", paragraph)
        folders = {PROJECT_DIR / path if path.endswith("/") else (PROJECT_DIR / path).parent for path in paths}
        missing += missing_files(paragraph, PROJECT_DIR, *folders)

    assert missing == []


def test_every_file_that_another_document_names_is_there() -> None:
    names = {path.name for path in tracked("**/*")}
    to_write = {step.path for page in pages() for step in steps(page) if step.is_new}
    missing = {
        (path.name, name)
        for path in tracked("*.md", "docs/**/*.md", "findings/*.md")
        for name in missing_files(path.read_text(), PROJECT_DIR, path.parent, PROJECT_DIR / "catalog/prompts")
        if name not in {*to_write, *_WRITTEN} and ("/" in name or name not in names)
    }

    assert missing == set()


def test_every_folder_and_command_that_a_document_names_is_there() -> None:
    missing = set()
    for path in tracked("*.md", "docs/**/*.md", "findings/*.md", "bench/*.md"):
        text = path.read_text()
        places = re.findall(r"`((?:\w+/)+)`", text) + re.findall(r"(?<![\w/])(tests/[\w/.]*\w)", text)
        places += [f"{name.replace('.', '/')}.py" for name in re.findall(r"python -m (tests[\w.]*)", text)]
        targets = re.findall(r"(?:^|`|&& |\n)make ([a-z]+)", text)
        missing |= {(path.name, name) for name in places if not is_there(name, path.parent)}
        missing |= {(path.name, f"make {name}") for name in targets if f"\n{name}:" not in MAKEFILE}

    assert missing == set()


def is_there(name: str, folder: Path) -> bool:
    return name in DATA_FOLDERS or (PROJECT_DIR / name).exists() or (folder / name).exists()


def test_every_finding_has_a_row() -> None:
    text = (PROJECT_DIR / "findings" / "README.md").read_text()

    assert set(re.findall(r"^\| `([\w.-]+)` \|", text, re.MULTILINE)) == {
        path.name for path in tracked("findings/*") if path.name != "README.md"
    }


def test_every_page_on_adding_a_thing_is_named_where_people_look() -> None:
    named = {name for text in (README, CONTRIBUTING) for name in re.findall(r"docs/howto/([\w-]+)\.md", text)}

    assert named >= set(pages())


def test_every_file_and_name_that_a_docstring_names_is_there() -> None:
    missing = set()
    for path in tracked("*.py", *(f"{folder}/**/*.py" for folder in FOLDERS)):
        for text in docstrings(path):
            missing |= {(path.name, name) for name in missing_files(text, PROJECT_DIR, path.parent)}
            dotted = re.findall(r"`((?:[a-z_]+\.)+\w+)`", text)
            missing |= {(path.name, name) for name in dotted if not name.endswith(".py") and not defined(name)}

    assert missing == set()


def defined(name: str) -> bool:
    """Say whether a dotted *name* of ours is a module, or stands at the top of one; others' names pass."""
    parts = name.split(".")
    if parts[0] not in {*FOLDERS, *(path.stem for path in PROJECT_DIR.glob("*.py"))}:
        return True
    for length in range(len(parts), 0, -1):
        file = PROJECT_DIR.joinpath(*parts[:length])
        module = file.with_suffix(".py") if file.with_suffix(".py").exists() else file / "__init__.py"
        if module.exists():
            rest = parts[length:]
            tops = {
                top
                for node in ast.parse(module.read_text()).body
                for top in (
                    [node.name]
                    if isinstance(node, ast.ClassDef | ast.FunctionDef)
                    else [target.id for target in ast.walk(node) if isinstance(target, ast.Name)]
                    if isinstance(node, ast.Assign | ast.AnnAssign)
                    else []
                )
            }
            return not rest or rest[0] in tops
    return name.endswith((".py", ".toml", ".md"))


def test_thresholds_of_duplicates_have_one_home() -> None:
    settings = Settings(_env_file=None)
    limits = DuplicateThresholds()
    homes = {
        path.relative_to(PROJECT_DIR).as_posix()
        for path in tracked("*.py", *(f"{folder}/**/*.py" for folder in FOLDERS))
        if re.search(r"(?i)(duplicate|alike|report|refuse|pairs|near)[^\n]*\b0\.[36]\b(?! or more)", path.read_text())
    }

    assert (limits.report, limits.refuse) == (settings.duplicate_report, settings.duplicate_refuse)
    assert homes == {"services/quality/duplicates/__init__.py"}


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
