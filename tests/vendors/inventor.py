"""Models that invent authorities, some more and some less: for what compares models."""

import itertools
import json
import threading
from collections.abc import Callable

from services.llm.adapters.base import CompletionRequest
from tests.vendors.writer import write_sample

INVENTED = "Marsh v Baird [2007] UKSC 4"


def scripted_model(*, invents_each: int = 0, begins: int = 1) -> Callable[[CompletionRequest], str]:
    """Return a model that writes good samples, with an invented authority in each so-manyth answer."""
    numbers, lock = itertools.count(begins), threading.Lock()

    def answer(request: CompletionRequest) -> str:
        with lock:
            number = next(numbers)
        fields = write_sample(str(request.messages[-1]["content"]), number, is_varied=True)
        if invents_each and number % invents_each == 0:
            fields["case_citation"] += f"; {INVENTED}"
        return json.dumps(fields)

    return answer
