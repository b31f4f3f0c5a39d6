"""An answer of quotations alone: where no model answers, or none may be believed."""

from services.assistant.agents.talk import Talk
from services.assistant.research.provisions import cited, extract, headed

_MOST = 4
NOT_ANSWERED = "The documents do not answer this."


def quote(talk: Talk) -> None:
    """Answer with words of what was found, best first, each with its source."""
    lines = []
    for source in talk.found.sources[:_MOST]:
        row = talk.found.rows.get(source.unit)
        words = extract(source, row, talk.wanted.query)
        lines.append(f"{headed(source)}: “{' '.join(words.split())}” [{source.marker}]")
        talk.cite(cited(source, row, words))
    talk.say("\n\n".join(lines))
    if talk.grounding is not None:
        talk.grounding = {**talk.grounding, "level": "grounded", "refusals": [], "doubts": []}


def refuse(talk: Talk, reason: str) -> None:
    """Answer that the documents hold no answer."""
    talk.refused = True
    talk.citations = []
    talk.say(f"{NOT_ANSWERED} {reason}".strip())
