"""An Act for tests of grounding, and a model that writes chosen sentences about it.

What the rules make of each sentence stands beside it; what is true of it a reader of the Act sees.
"""

import json
import threading

from tests.vendors.lawyer import shown_in
from tests.vendors.writer import write_sample

TITLE = "Harbours and Moorings Act 2021"
ACT = """Section 1. Licence to moor
(1) A person must not moor a vessel in a harbour for more than 14 days without a licence from the harbour master.

(2) The harbour master may grant a licence for a period of 12 months.

Section 2. Removal of vessels
The harbour master may remove a vessel that is moored without a licence after giving its owner 7 days' notice.

Section 3. Fees
The owner of a vessel must pay a fee of 250 pounds for a licence within 21 days of its grant.
"""
# Words of an answer to a simple question, which has no parts.
_WORDS = 90
# True and found so.
SOUND = f"Under the {TITLE}, s 3, the owner of a vessel must pay a fee of 250 pounds for a licence [s3]."
# True, in words of its own: the rules doubt it.
DOUBTED = (
    f"Under the {TITLE}, s 3, whoever owns the boat owes 250 pounds once a licence was granted, and has three weeks "
    "for it [s3]."
)
# False: the rules only doubt it.
CONTRADICTED = f"Under the {TITLE}, s 3, the harbour master must bear the fee for the licence [s3]."
# False: the rules find nothing.
MISSED = f"Under the {TITLE}, s 2, a court may order the removal of a vessel without a licence [s2]."
# The rules refuse it by what it says.
REFUSED = f"Under the {TITLE}, s 3, the owner of a vessel must pay a fee of 900 pounds for a licence [s3]."
# A quotation that stands nowhere: a fact.
MISQUOTED = f'{TITLE}, s 3, says: "The owner of a vessel must promptly pay a fee of 250 pounds for a licence" [s3].'


class Drafts:
    """Writes one sentence after the other about the provisions that it is shown, and the last again and again."""

    def __init__(self, *sentences: str) -> None:
        self._sentences = sentences
        self._lock = threading.Lock()
        self.prompts: list[str] = []

    def __call__(self, prompt: str, _number: int) -> str:
        if "The reasoning has" not in prompt:
            return "OK, that is understood."
        with self._lock:
            self.prompts.append(prompt)
            number = len(self.prompts)
        said = self._sentences[min(number, len(self._sentences)) - 1]
        for shown in shown_in(prompt):
            said = said.replace(f"[s{shown.label.rpartition(' ')[2]}]", f"[{shown.marker}]")
        fields = write_sample(prompt, number, is_varied=True)
        rest = fields["answer"].rstrip(".").split(". ")
        while len(rest) > 2 and sum(len(one.split()) for one in rest) + len(said.split()) > _WORDS:
            rest.pop()
        question = f"How does the law decide the matter of lot {number}?"
        return json.dumps({**fields, "answer": f"{'. '.join(rest)}. {said}", "question": question})

    @property
    def told(self) -> list[str]:
        """What was told of refused drafts, in order."""
        parted = (prompt.partition("# Your last draft was refused\n") for prompt in self.prompts)
        return [told for _, found, told in parted if found]
