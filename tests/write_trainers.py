"""Writes the recipes into docs/trainers.md: `python -m tests.write_trainers`."""

from config import PROJECT_DIR
from services.formats.recipes import RECIPES, as_markdown

PAGE = PROJECT_DIR / "docs" / "trainers.md"
BEGIN, END = "<!-- recipes -->\n", "<!-- end of recipes -->"


def with_recipes(page: str) -> str:
    """Return the page with the recipes as they are."""
    names = dict.fromkeys(recipe.format for recipe in RECIPES)
    told = "\n".join(f"## {_title(name)}\n\n{as_markdown(name)}" for name in names)
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{told}\n{END}{rest.partition(END)[2]}"


def _title(name: str) -> str:
    return "`parquet`, `jsonl`, `json`, `csv`" if name == "parquet" else f"`{name}`"


if __name__ == "__main__":
    PAGE.write_text(with_recipes(PAGE.read_text()))
