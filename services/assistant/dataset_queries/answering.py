"""Answers the typed queries: numbers by arithmetic over the data set as it is now, told in plain sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, cast
from urllib.parse import urlencode

from pydantic import JsonValue

from models.contract.answers.assistant_data import DatasetAnswer
from models.contract.answers.monitoring import UsageSummary
from models.contract.answers.quality import Duplicates as DuplicatesFound
from models.fields import DIFFICULTIES
from models.samples.by_number import page_at
from models.samples.snapshot import POSITION, Snapshot, Snapshots
from services.assistant.dataset_queries.queries import (
    Averages,
    Count,
    DatasetQuery,
    Duplicates,
    GroupCounts,
    ListSamples,
    Parsed,
    Part,
    Spend,
    ThinnestCells,
    Unparsed,
    WorstRows,
    as_data,
)
from services.assistant.dataset_queries.selecting import chosen
from services.assistant.dataset_queries.telling import EMPTY, lines, not_understood, number, samples_of
from services.assistant.vocabulary import Naming
from services.quality.citation_audit import COLUMN, Verdicts
from utils.errors import InputError
from utils.frames import pl

Rows = list[dict[str, JsonValue]]
_SHOWN = 200
_TOLD = 5
_BREAK = "\n"
# Answers of more samples are not read for their words.
_MOST_READ = 20_000
_MEASURES = {
    "quality_score": "quality score",
    "question_chars": "characters of the question",
    "answer_chars": "characters of the answer",
    "reasoning_chars": "characters of the reasoning",
    "answer_words": "words of the answer",
}
_ORDERS = {
    "newest": ("created_at", True),
    "oldest": ("created_at", False),
    "longest": ("answer_chars", True),
    "shortest": ("answer_chars", False),
}


class Uses(Protocol):
    """Sums what calls of models used."""

    def summary(self, by: str, since: str = "", batch_id: str | None = None) -> UsageSummary:
        """Sum calls, tokens and cost by the groups of *by*."""


class DatasetAnswers:
    """Answers queries. Thread-safe; each answer is of one moment of the data set."""

    def __init__(
        self,
        samples: Snapshots,
        verdicts: Verdicts,
        usage: Uses,
        duplicates: Callable[[], DuplicatesFound],
        topics: Sequence[tuple[str, str]],
    ) -> None:
        """Answer over *samples*; *topics* are those of the catalogue with their jurisdictions."""
        self._samples = samples
        self._verdicts = verdicts
        self._usage = usage
        self._duplicates = duplicates
        self._topics = topics

    def answer(self, parsed: Parsed | Unparsed) -> DatasetAnswer:
        """Return what *parsed* asks for; a question that was not understood is answered with what can be asked.

        Raises:
            UnavailableError: it is about citations, and too many samples are not checked yet.
            InputError: words of too many answers are asked for.
        """
        if isinstance(parsed, Unparsed):
            return not_understood(parsed)
        text, rows, total = self._answered(parsed.query)
        if parsed.unused:
            text += f"{_BREAK if _BREAK in text else ' '}Not used of your question: {', '.join(parsed.unused)}."
        return _told(parsed.query, (text, rows, total), _link(parsed), parsed.unused)

    def _answered(self, query: DatasetQuery) -> tuple[str, Rows, int]:
        if isinstance(query, Spend):
            return self._spent(query)
        if isinstance(query, Duplicates):
            return self._pairs(query)
        snapshot = self._samples.snapshot()
        rows = chosen(snapshot, query.of, self._verdicts)
        match query:
            case Count():
                told = _counted(rows.height, len(snapshot), query.of)
            case ListSamples() | WorstRows():
                told = _listed(snapshot, rows, query)
            case GroupCounts():
                told = self._grouped(snapshot, rows, query)
            case ThinnestCells():
                told = self._thinnest(rows, query)
            case Averages():
                told = self._averaged(snapshot, rows, query)
        return told if len(snapshot) else _of_none(query, told)

    def _spent(self, query: Spend) -> tuple[str, Rows, int]:
        found = self._usage.summary(query.by or "day")
        total = found["total"]
        cost = f"{total['priced_usd']:.4f} US dollars where the price is known"
        text = f"{total['total_tokens']:,} tokens in {total['calls']:,} calls, {cost}."
        rows = cast("Rows", [dict(row) for row in found["usage"]]) if query.by else []
        named = (
            [f"{row[query.by] or 'single requests'}: {row['total_tokens']}" for row in rows[:_TOLD]] if query.by else []
        )
        return text + (f" Tokens by {query.by}: {'; '.join(named)}." if named else ""), rows, total["calls"]

    def _pairs(self, query: Duplicates) -> tuple[str, Rows, int]:
        found = self._duplicates()
        pairs = [pair for pair in found["pairs"] if pair["kind"] == "duplicate"]
        count = found["counts"]["duplicates"]
        if not found["samples"]:
            return EMPTY, [], 0
        compared = f"{found['indexed']} of {found['samples']} compared"
        text = f"{number(count, 'pair')} of samples that are nearly the same; {compared}."
        return text, cast("Rows", [dict(pair) for pair in pairs[: query.limit]]), count

    def _grouped(self, snapshot: Snapshot, rows: pl.DataFrame, query: GroupCounts) -> tuple[str, Rows, int]:
        if query.by == "citation_verdict":
            rows = _with_verdicts(snapshot, rows, self._verdicts)
        by = pl.col(query.by).cast(pl.String()).fill_null("not known")
        counted = rows.group_by(by.alias(query.by)).agg(pl.len().alias("count"))
        known = self._known(query)
        counts = dict.fromkeys(known, 0) | dict(counted.iter_rows())
        order = sorted(counts.items(), key=lambda item: (item[1] if query.fewest else -item[1], item[0]))
        told: Rows = [{query.by: name, "count": count} for name, count in order[: query.limit]]
        first = "; ".join(f"{name}: {count}" for name, count in order[:_TOLD])
        rest = f"; and {len(order) - _TOLD} more" if len(order) > _TOLD else ""
        if not order:
            return f"{samples_of(0, query.of)}.", told, 0
        which = "fewest first" if query.fewest else "most first"
        name = query.by.replace("_", " ").removesuffix(" id")
        return f"{samples_of(rows.height, query.of)} by {name}, {which}: {first}{rest}.", told, rows.height

    def _known(self, query: GroupCounts) -> Sequence[str]:
        """Return the values that the catalogue has and the data set may lack: they have the fewest samples."""
        if not query.fewest or set(query.of.values) - {"jurisdiction"} or query.of.about:
            return ()
        if set(query.of.excluded) - {"jurisdiction", "topic", "practice_area"}:
            return ()
        topics = self._topics_of(query.of)
        if query.by == "topic":
            return topics
        if query.by == "practice_area":
            return [key.split(" - ")[0] for key in topics]
        return DIFFICULTIES if query.by == "difficulty" else ()

    def _thinnest(self, rows: pl.DataFrame, query: ThinnestCells) -> tuple[str, Rows, int]:
        cells = {(topic, level): 0 for topic in self._topics_of(query.of) for level in _levels(query.of)}
        found = rows.group_by(pl.col("topic", "difficulty").cast(pl.String())).agg(pl.len().alias("count"))
        for topic, level, count in found.iter_rows():
            cells[topic, level] = count
        order = sorted(cells.items(), key=lambda item: (item[1], item[0]))
        told: Rows = [
            {"topic": topic, "difficulty": level, "count": count} for (topic, level), count in order[: query.limit]
        ]
        empty = sum(count == 0 for count in cells.values())
        first = "; ".join(f"{topic}, {level}: {count}" for (topic, level), count in order[:_TOLD])
        return (
            f"{empty} of {len(cells)} cells of topic and difficulty are empty. The thinnest: {first or 'none'}.",
            told,
            len(cells),
        )

    def _topics_of(self, part: Part) -> list[str]:
        about = [phrase.split() for phrase in part.about]
        return [
            key
            for place, key in self._topics
            if _is_of(part, "jurisdiction", place)
            and _is_of(part, "topic", key)
            and _is_of(part, "practice_area", key.split(" - ")[0])
            and (not about or any(all(word in key.casefold() for word in words) for words in about))
        ]

    def _averaged(self, snapshot: Snapshot, rows: pl.DataFrame, query: Averages) -> tuple[str, Rows, int]:
        if query.measure == "answer_words":
            rows = _with_words(snapshot, rows)
        rows = rows.filter(pl.col(query.measure).is_not_null())
        mean = pl.col(query.measure).cast(pl.Float64()).mean()
        whole = rows.select(mean).item() if rows.height else None
        what, figure = _MEASURES[query.measure], f"{whole:.2f}" if whole is not None else "not known"
        text = f"The mean {what} of {samples_of(rows.height, query.of)} is {figure}."
        if query.by is None:
            return text, [{"mean": whole, "samples": rows.height}], rows.height
        if query.by == "citation_verdict":
            rows = _with_verdicts(snapshot, rows, self._verdicts)
        by = pl.col(query.by).cast(pl.String()).fill_null("not known").alias(query.by)
        found = rows.group_by(by).agg(mean.alias("mean"), pl.len().alias("samples"))
        told = cast("Rows", found.sort(["mean", query.by], descending=[True, False]).to_dicts())
        first = "; ".join(f"{row[query.by]}: {row['mean']:.2f} ({row['samples']})" for row in told[:_TOLD])
        return f"{text} By {query.by.replace('_', ' ')}, highest first: {first or 'none'}.", told, rows.height


def _of_none(query: DatasetQuery, told: tuple[str, Rows, int]) -> tuple[str, Rows, int]:
    """Say that there is nothing at all; the cells of the catalogue are still worth their names."""
    text, rows, total = told
    return f"{EMPTY} {text}" if isinstance(query, ThinnestCells) else EMPTY, rows, total


def _counted(found: int, of: int, part: Part) -> tuple[str, Rows, int]:
    share = f" of {of} ({100 * found / of:.1f} %)" if of and not part.is_all else ""
    return f"{samples_of(found, part)}{share}.", [{"count": found, "of": of}], found


def _listed(snapshot: Snapshot, rows: pl.DataFrame, query: ListSamples | WorstRows) -> tuple[str, Rows, int]:
    total = rows.height
    if isinstance(query, WorstRows):
        rows = rows.filter(pl.col("quality_score").is_not_null())
        column, descending = "quality_score", query.best
    else:
        column, descending = _ORDERS[query.order]
    order = rows.sort([column, "id"], descending=[descending, False], nulls_last=True).head(query.limit)
    samples = page_at(snapshot, order[POSITION])
    told: Rows = [
        {
            "id": sample["id"],
            "topic": sample["topic"],
            "difficulty": sample["difficulty"],
            "jurisdiction": sample["jurisdiction"],
            "quality_score": sample["quality_score"],
            "question": sample["question"][:_SHOWN],
        }
        for sample in samples
    ]
    how = query.order if isinstance(query, ListSamples) else "best" if query.best else "worst"
    shown = f"; {len(told)} shown, {how} first" if told else ""
    unscored = total - rows.height
    apart = f"; {unscored} without a score left out" if unscored else ""
    text = f"{samples_of(total, query.of)}{shown}{apart}."
    return "\n".join([text, *lines(samples)]), told, total


def _with_words(snapshot: Snapshot, rows: pl.DataFrame) -> pl.DataFrame:
    if rows.height > _MOST_READ:
        raise InputError(
            f"words: got {rows.height} samples, want at most {_MOST_READ}; ask for the length in characters"
        )
    parts = [snapshot.take(part)["answer"].str.count_matches(r"\S+") for part in snapshot.portions(rows[POSITION], 500)]
    counts = pl.concat(parts) if parts else pl.Series("answer", [], dtype=pl.UInt32())
    return rows.with_columns(counts.alias("answer_words"))


def _with_verdicts(snapshot: Snapshot, rows: pl.DataFrame, verdicts: Verdicts) -> pl.DataFrame:
    states = verdicts.verdicts(snapshot).select(pl.col(POSITION).cast(rows[POSITION].dtype), COLUMN)
    return rows.drop(COLUMN).join(states, on=POSITION, how="left")


def _levels(part: Part) -> Sequence[str]:
    return [level for level in part.values.get("difficulty") or DIFFICULTIES if _is_of(part, "difficulty", level)]


def _is_of(part: Part, name: Naming, value: str) -> bool:
    wanted = part.values.get(name)
    return (not wanted or value in wanted) and value not in part.excluded.get(name, ())


def _link(parsed: Parsed) -> str:
    query = parsed.query
    if isinstance(query, Duplicates):
        return "/api/quality/duplicates"
    if isinstance(query, Spend):
        return f"/api/usage?by={query.by or 'day'}"
    exact = query.of.exact
    if isinstance(query, Count | ListSamples) and exact is not None:
        page: dict[str, object] = {str(name): value for name, value in exact.items()}
        page.update({"limit": 0} if isinstance(query, Count) else {"sort": query.order, "limit": query.limit})
        return f"/api/samples/filter?{urlencode(page)}"
    return f"/api/dataset/query?{urlencode({'q': parsed.text})}"


def _told(query: DatasetQuery, answered: tuple[str, Rows, int], link: str, unused: Sequence[str]) -> DatasetAnswer:
    text, rows, total = answered
    return {
        "query": cast("dict[str, JsonValue]", as_data(query)),  # names, numbers and lists of text
        "text": text,
        "rows": rows,
        "total": total,
        "link": link,
        "unused": list(unused),
        "suggestions": [],
    }
