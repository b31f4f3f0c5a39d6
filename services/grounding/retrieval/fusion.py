"""Joins what the legs say of a provision into one score from 0 to 1.

The words count by the share of a question that they cover: a question in everyday words covers little of any text, and
then its words weigh little, without a rule for such questions. Ranks (RRF) and standard scores were measured too and
were worse: both give the best of a bad list full weight. Figures: docs/adr/0029-retrieval.md.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# FTS5's k1: no term adds more than (k1 + 1) times its weight.
_SATURATED = 2.2
_LEAST_WEIGHT = 1e-6


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the scores of an embedder are to be read; measured on labelled questions.

    Attributes:
        mean_share: How much the mean over all chunks of a provision counts beside its best chunk; 0 to 1.
        first_share: How much its first chunk does: a rule stands at the beginning, exceptions and details behind.
        words: Weight of the covered share of the words beside the cosine.
        slope: With *offset*, turns the sum into a probability that the provision answers the question.
        floor: Results below this score are left out when the caller asks for it; what it costs is in the ADR.
    """

    mean_share: float
    first_share: float
    words: float
    slope: float
    offset: float
    floor: float

    def score(self, cosine: float, share: float) -> float:
        """Return the score of a provision, 0 to 1, from its cosine and the share of the words that it covers."""
        return 1 / (1 + math.exp(-(self.slope * (cosine + self.words * share) + self.offset)))


def term_weight(frequency: int, size: int) -> float:
    """Return the weight that FTS5's bm25 gives a term that is in *frequency* of *size* chunks."""
    return max(math.log((size - frequency + 0.5) / (frequency + 0.5)), _LEAST_WEIGHT)


def most_possible(terms: Iterable[str], frequencies: Mapping[str, int], size: int) -> float:
    """Return a bound of the bm25 of any text for a question of these terms, those in no text included."""
    return _SATURATED * sum(term_weight(frequencies.get(term, 0), size) for term in set(terms)) or 1.0


def pooled(cosines: Sequence[float], calibration: Calibration) -> float:
    """Return the cosine of a provision from those of its chunks in order: the best, the mean and the first together.

    The best alone would favour long provisions, which have more chunks to be the best of.
    """
    if not cosines:
        return 0.0
    best_share = 1 - calibration.mean_share - calibration.first_share
    mean = sum(cosines) / len(cosines)
    return best_share * max(cosines) + calibration.mean_share * mean + calibration.first_share * cosines[0]
