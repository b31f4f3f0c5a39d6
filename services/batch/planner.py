"""Plans a batch: which topic, difficulty, type and jurisdiction each sample has.

A pure function of the request, the catalogue, the seed and what the data set holds:
the same input gives the same plan. The filters are met; what they leave open is chosen
so that the data set comes as close to the target mix as new samples can bring it: what
lacks most is filled first (water-filling). Levels of difficulty are spread instead, since
a small batch would else be of one level; unless gaps are to be filled, or a mix of levels
is given. Values are dealt evenly over the batch and over each topic, so that a batch that
ends early has about the same mix. Of samples that stand on documents the topics that these
are likely to answer are taken, unless the caller names topics.
"""

import random
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

from models.contract.bodies import BatchRequest
from models.domain import Job
from models.fields import ALIAS_DIFFICULTY
from models.samples.statistics import Present
from services.catalogue.catalogue import BALANCE, Catalogue, Topic
from services.generation.topics import likely
from utils.errors import InputError

K = TypeVar("K", bound=Hashable)
_SEEDS = 2**31
_CASE_ANALYSIS = "case_analysis"
_ALL = "all"


def plan(
    request: BatchRequest,
    catalogue: Catalogue,
    count: int,
    present: Present | None = None,
    answers: Callable[[Topic], float] | None = None,
) -> Iterator[Job]:
    """Return *count* jobs that meet the filters of *request*, in the order of their work.

    Args:
        request: Filters, mix and seed.
        catalogue: What may be chosen.
        count: Samples wanted.
        present: What the data set holds already, of what the filters let through.
        answers: How likely the documents answer a topic, 0 to 1; None for samples that do not stand on any.

    Raises:
        InputError: filter or mix name something unknown; lists what is known.
    """
    present = present or Present()
    topics = {(row.jurisdiction, row.key): row for row in _answered(request, _topics(request, catalogue), answers)}
    draw = random.Random(request.seed)
    keys = list(topics)
    draw.shuffle(keys)  # where all lack the same, no topic is first by its name
    wanted = _topic_shares(request, topics)
    by_topic = fill({key: wanted.get(key, 0.0) for key in keys}, present.topics, count)
    levels = fill(_level_shares(request, catalogue), _levels_held(request, present), count)
    kinds = fill(type_shares(request, catalogue), present.sample_types, count)
    return _jobs(request, [topics[key] for key in dealt(by_topic)], levels, kinds, draw, catalogue)


def leaves_topics_open(request: BatchRequest) -> bool:
    """Tell whether the caller named no topics."""
    return not (request.topic or (request.mix and request.mix.topics))


def plan_filters(request: BatchRequest, catalogue: Catalogue) -> dict[str, str]:
    """Return the filters that say which samples of the data set a plan compares itself with."""
    named = {
        "jurisdiction": _jurisdiction(request, catalogue),
        "topic": request.topic,
        "difficulty": request.difficulty,
    }
    kind = request.sample_type if request.sample_type != BALANCE else None
    return {name: value for name, value in {**named, "sample_type": kind}.items() if value}


def fill(shares: Mapping[K, float], present: Mapping[K, int], count: int) -> dict[K, int]:
    """Return how many of *count* each key gets, so that the sums come closest to *shares*.

    Nobody loses what is present: a key that has more than its share gets none, and the
    others divide what is left by their shares. Remainders go to the largest fractions.
    """
    shares = {key: share for key, share in shares.items() if share > 0}
    level = _water_level(shares, present, count)
    exact = {key: max(0.0, share * level - present.get(key, 0)) for key, share in shares.items()}
    got = {key: int(value) for key, value in exact.items()}
    by_rest = sorted(exact, key=lambda key: got[key] - exact[key])
    for key in by_rest[: count - sum(got.values())]:
        got[key] += 1
    return got


def _water_level(shares: Mapping[K, float], present: Mapping[K, int], count: int) -> float:
    """Return λ such that the sum of max(0, share·λ − present) is *count*."""
    rows = sorted((present.get(key, 0) / share, share, present.get(key, 0)) for key, share in shares.items())
    width, held, level = 0.0, 0, 0.0
    for starts_at, share, there in rows:
        if width and width * starts_at - held >= count:
            break
        width += share
        held += there
        level = (count + held) / width
    return level


def dealt(quotas: Mapping[K, int]) -> Iterator[K]:
    """Yield each key as often as its quota says, evenly spread."""
    places = (
        ((turn + 0.5) / quota, rank, key) for rank, (key, quota) in enumerate(quotas.items()) for turn in range(quota)
    )
    return (key for _, _, key in sorted(places, key=lambda row: row[:2]))


def replacement(job: Job, ordinal: int) -> Job:
    """Return the job to run in place of a rejected one: the same wish, other draws."""
    seed = random.Random(job.seed * 1_000_003 + ordinal).randrange(_SEEDS)
    return Job(**{**job.to_dict(), "seed": seed})  # type: ignore[arg-type]  # to_dict holds exactly the fields


def _jobs(
    request: BatchRequest,
    topics: Sequence[Topic],
    levels: dict[str, int],
    kinds: dict[str, int],
    draw: random.Random,
    catalogue: Catalogue,
) -> Iterator[Job]:
    level_of, kind_of = _Spread(levels, draw), _Spread(kinds, draw)
    on_law = {row.id for row in catalogue.sample_types if row.needs_law}
    for topic in topics:
        key = (topic.jurisdiction, topic.key)
        kind = kind_of.next(key)
        yield Job(
            practice_area=topic.practice_area,
            topic=topic.topic,
            difficulty=level_of.next(key),
            sample_type=kind,
            jurisdiction=topic.jurisdiction,
            seed=draw.randrange(_SEEDS),
            instruction=request.reasoning_instruction,
            use_rag=request.use_rag or bool(request.file_ids) or kind in on_law,
            file_ids=request.file_ids,
        )


class _Spread:
    """Gives out values by quota, so that each key gets them in about the same shares."""

    def __init__(self, quotas: Mapping[str, int], draw: random.Random) -> None:
        self._left = {value: quota for value, quota in quotas.items() if quota}
        total = sum(self._left.values())
        self._share = {value: quota / total for value, quota in self._left.items()}
        self._given: dict[Hashable, Counter[str]] = {}
        self._given_to_all = Counter[str]()
        self._draw = draw

    def next(self, key: Hashable) -> str:
        """Return the value that *key* and all together lack most, of those that are left."""
        given = self._given.setdefault(key, Counter())
        turn, all_turns = given.total() + 1, self._given_to_all.total() + 1

        def lack(value: str) -> float:
            share = self._share[value]
            return share * turn - given[value] + share * all_turns - self._given_to_all[value]

        best = max(map(lack, self._left))
        value = self._draw.choice([name for name in self._left if lack(name) == best])
        given[value] += 1
        self._given_to_all[value] += 1
        self._left[value] -= 1
        if not self._left[value]:
            del self._left[value]
        return value


def _jurisdiction(request: BatchRequest, catalogue: Catalogue) -> str | None:
    """Return the jurisdiction of a batch; None for all of them.

    A request that names none is for the default one, unless it names its topics.
    """
    if request.jurisdiction == _ALL:
        return None
    if request.jurisdiction:
        return catalogue.jurisdiction(request.jurisdiction).id
    names_topics = request.topic or (request.mix and request.mix.topics)
    return None if names_topics else catalogue.default_jurisdiction


def _levels_held(request: BatchRequest, present: Present) -> dict[str, int]:
    """Return how many samples each level counts as having already; none where levels are spread."""
    if not request.fill_gaps and not (request.mix and request.mix.difficulties):
        return {}
    held = dict(present.difficulties)
    held["basic"] = held.get("basic", 0) + held.get(ALIAS_DIFFICULTY, 0)
    return held


def _topics(request: BatchRequest, catalogue: Catalogue) -> list[Topic]:
    chosen = _jurisdiction(request, catalogue)
    known = catalogue.topics_of(chosen)
    if not request.topic:
        return list(known)
    area, separator, name = request.topic.partition(" - ")
    if not separator or not area.strip() or not name.strip():
        raise InputError(f'topic: got {request.topic!r}, want "<Practice Area> - <Topic>" as in GET /api/topics')
    matching = [topic for topic in known if topic.key == request.topic]
    jurisdiction = chosen or catalogue.default_jurisdiction
    return matching or [catalogue.topic(area.strip(), name.strip(), jurisdiction)]


def _answered(request: BatchRequest, topics: list[Topic], answers: Callable[[Topic], float] | None) -> Sequence[Topic]:
    """Return those of *topics* that the documents are likely to answer; all where a caller chose them, or none is."""
    if answers is None or not leaves_topics_open(request):
        return topics
    return likely(topics, answers) or topics


def _topic_shares(request: BatchRequest, topics: Mapping[tuple[str, str], Topic]) -> dict[tuple[str, str], float]:
    mix = request.mix.topics if request.mix else None
    if mix is None:
        return dict.fromkeys(topics, 1.0)
    unknown = sorted(set(mix) - {key for _, key in topics})
    if unknown:
        raise InputError(
            f'mix.topics: got {unknown[0]!r}, want keys "<Practice Area> - <Topic>" of GET /api/topics'
            " that the filters let through"
        )
    named = Counter(key for _, key in topics)  # a name of two jurisdictions shares its weight
    return {key: mix.get(key[1], 0.0) / named[key[1]] for key in topics}


def _level_shares(request: BatchRequest, catalogue: Catalogue) -> dict[str, float]:
    if request.difficulty:
        return {catalogue.difficulty(request.difficulty).id: 1.0}
    mix = request.mix.difficulties if request.mix else None
    if mix is not None:
        return {catalogue.difficulty(name).id: share for name, share in mix.items()}
    return {row.id: 1.0 for row in catalogue.difficulties if row.id != ALIAS_DIFFICULTY}


def type_shares(request: BatchRequest, catalogue: Catalogue) -> dict[str, float]:
    """Return the share of each type of samples that a request asks for; InputError where one is unknown."""
    mix = request.mix.sample_types if request.mix else None
    balanced = mix is not None or request.smart_mode
    wanted = request.sample_type or (BALANCE if balanced else _CASE_ANALYSIS)
    if wanted != BALANCE:
        return {catalogue.sample_type(wanted).id: 1.0}
    if mix is not None:
        return {catalogue.sample_type(name).id: share for name, share in mix.items()}
    return {kind.id: float(kind.mix_percent) for kind in catalogue.core_types}
