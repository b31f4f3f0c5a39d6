"""Tries a provider's key before it is kept."""

from models.contract.answers.management import KeyCheck
from services.llm.adapters.base import BaseLLMProvider
from utils.errors import GenerationError

_LIMIT_S = 5.0


def check_key(provider: BaseLLMProvider) -> KeyCheck:
    """Ask *provider* for its models, which costs nothing, and close it; return what became of its key."""
    try:
        listed = provider.list_models(_LIMIT_S)
    except GenerationError as error:
        return _failed(error)
    finally:
        provider.close()
    return {"result": "accepted", "reason": f"the vendor lists {len(listed)} models to it"}


def _failed(error: GenerationError) -> KeyCheck:
    if error.category == "authentication":
        return {"result": "refused", "reason": str(error)}
    if error.status is None:
        return {"result": "not_reachable", "reason": str(error)}
    return {"result": "unclear", "reason": str(error)}
