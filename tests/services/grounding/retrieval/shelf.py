"""A shelf of made-up law to retrieve from, and an embedder that knows a few words."""

import atexit
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from bench.grounding.shelf import Shelf
from bench.grounding.texts import Text
from models.grounding.document import Instrument, UnitKind
from services.grounding.retrieval.fusion import Calibration
from services.grounding.retrieval.legs import Filter
from services.grounding.retrieval.resolver import Resolver
from services.grounding.retrieval.retriever import Index

HARBOURS = Instrument("Harbours (Pilotage and Tolls) Act 2019", "ukpga/2019/44", "act", "uk")
LANTERNS = Instrument("Lanterns, Beacons and Buoys Act 2021", "ukpga/2021/7", "act", "uk")
PIERS = Instrument("Harbours (Piers) Act 2021", "ukpga/2021/30", "act", "uk")
KITES = Instrument(
    "Regulation (EU) 2017/1999", "32017R1999", "regulation", "eu", aliases=("Kite Safety Regulation", "KSR")
)
SLEDGES = Instrument("Directive 94/47/EC", "31994L0047", "directive", "eu", aliases=("Sledge Directive",))
OLD_SLEDGES = Instrument("Regulation (EC) No 47/94", "31994R0047", "regulation", "eu")
MOON = Instrument("Convention on the Law of the Moon", "moon", "treaty", "international", aliases=("MOONCON",))
TITLE_61 = Instrument("61 U.S.C.", "usc/61", "code", "us", aliases=("Lighthouse Act",))
FEDERATION = Instrument("Constitution of the United States", "U.S. Const.", "constitution", "us")
RULES = Instrument("Ferry Procedure Rules 1998", "uksi/1998/3132", "instrument", "uk", aliases=("FPR",))
JUDGMENT = Instrument("Marsh v Baird", "[2015] UKSC 67", "judgment", "uk")
LEASE = Instrument("Pier Lease Agreement 2024", "", "", "uk")

_LAW: tuple[tuple[Instrument, UnitKind, str, str, str], ...] = (
    (HARBOURS, UnitKind.SECTION, "1", "Duty of pilots", "A pilot must keep a lookout at all times."),
    (HARBOURS, UnitKind.SECTION, "2", "Tolls", "The harbour master may charge a toll of 5 pounds a day."),
    (HARBOURS, UnitKind.SECTION, "2A", "Remission", "No toll is due from a lifeboat."),
    (HARBOURS, UnitKind.SCHEDULE, "2", "Table of tolls", "Barges 1, yachts 2, lifeboats none."),
    (LANTERNS, UnitKind.SECTION, "1", "Lanterns", "Every beacon must be lit from dusk to dawn."),
    (LANTERNS, UnitKind.SECTION, "172", "Offence", "A person who puts out a beacon commits an offence."),
    (PIERS, UnitKind.SECTION, "4", "Repair", "The owner of a pier must repair it."),
    (KITES, UnitKind.ARTICLE, "Article 6", "Strings", "A kite string shall be no longer than 100 metres."),
    (KITES, UnitKind.ARTICLE, "Article 7", "Insurance", "A flyer of kites shall be insured."),
    (KITES, UnitKind.RECITAL, "6", "", "Long strings have hurt birds."),
    (SLEDGES, UnitKind.ARTICLE, "Article 3", "Brakes", "A sledge shall have a brake."),
    (OLD_SLEDGES, UnitKind.ARTICLE, "Article 3", "Prices", "The price of sledges is fixed each year."),
    (MOON, UnitKind.ARTICLE, "I", "Peace", "The Moon shall be used for peaceful purposes."),
    (MOON, UnitKind.ARTICLE, "IV", "Samples", "Samples belong to who takes them."),
    (TITLE_61, UnitKind.SECTION, "107", "Fog signals", "A keeper shall sound the horn in fog."),
    (TITLE_61, UnitKind.SECTION, "108", "Pay of keepers", "A keeper is paid monthly."),
    (TITLE_61, UnitKind.SECTION, "1201", "Removal of lamps", "No person shall remove a lamp."),
    (TITLE_61, UnitKind.SECTION, "300aa-1", "Vaccines for keepers", "A keeper is vaccinated."),
    (FEDERATION, UnitKind.SECTION, "Art. I s. 8", "", "The Congress shall have Power To lay and collect Taxes."),
    (FEDERATION, UnitKind.SECTION, "Art. I s. 9", "", "No Bill of Attainder shall be passed."),
    (FEDERATION, UnitKind.SECTION, "Amendment XIV s. 1", "", "All persons born are citizens."),
    (RULES, UnitKind.RULE, "3.4", "Striking out", "The court may strike out a claim about a ferry."),
    (LEASE, UnitKind.CLAUSE, "4", "Boats", "The tenant may keep one boat at the pier."),
    (JUDGMENT, UnitKind.PARAGRAPH, "12", "", "The test is whether a reasonable pilot would have seen the buoy."),
)


class WordsEmbedder:
    """Counts a few words, so that "boat" and "ship" are alike; dimension 4."""

    _GROUPS = (("boat", "ship", "pilot", "harbour"), ("kite", "string", "flyer"), ("lamp", "beacon", "lantern", "horn"))

    model_id = "words"
    dimension = 4
    calibration = Calibration(mean_share=0.0, first_share=0.0, words=0.5, slope=4.0, offset=-2.0, floor=0.2)

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector for each text."""
        rows = [[sum(text.lower().count(word) for word in group) for group in self._GROUPS] + [0.1] for text in texts]
        vectors = np.array(rows, np.float32)
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return the vector of a question."""
        found: NDArray[np.float32] = self.embed_passages([text])[0]
        return found


@cache
def shelf() -> Shelf:
    """The shelf, in the product's store; nobody changes it."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    made = Shelf(Path(folder.name), WordsEmbedder())
    texts = [
        Text(f"{one.title}|{number}", one, kind, number, 0, heading, text) for one, kind, number, heading, text in _LAW
    ]
    made.embed(made.keep(texts))
    return made


def index() -> Index:
    """The shelf as retrieval reads it."""
    return Index(shelf().index, shelf().index, shelf().index, shelf().index)


def names_of(provisions: Iterable[int | None]) -> list[str]:
    """Return the names of provisions: "Harbours (Pilotage and Tolls) Act 2019|2"."""
    kept = [shelf().passages.unit(provision or 0) for provision in provisions]
    return [one.unit.identifier for one in kept if one is not None]


def cited(query: str, where: Filter = Filter()) -> list[str]:  # noqa: B008  # unchanging
    """Return the names of what *query* cites."""
    return names_of(Resolver(shelf().index, shelf().index).resolve(query, where).provisions)
