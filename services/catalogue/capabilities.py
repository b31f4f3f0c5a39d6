"""What a model can do, as answers tell it."""

from models.contract.answers.catalogue import Capabilities
from services.catalogue.rows import ModelInfo


def capabilities_of(model: ModelInfo) -> Capabilities:
    """Return what is known of *model*; None is not known, never a guess."""
    return {
        "supports_streaming": model.supports_streaming,
        "supports_cot": model.supports_cot,
        "supports_vision": model.supports_vision,
        "evidence": model.evidence or None,
    }
