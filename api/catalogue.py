"""Topics, jurisdictions, sample types, difficulties, providers and models."""

from flask import Blueprint, Response, request

from api.deps import reply, services, success
from services.catalogue import BALANCE


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_catalogue", __name__)

    @routes.get("/topics")
    def topics() -> Response:
        catalogue = services().catalogue
        wanted = request.args.get("jurisdiction") or catalogue.default_jurisdiction
        if wanted != "all":
            catalogue.jurisdiction(wanted)
        rows = catalogue.topics_of(None if wanted == "all" else wanted)
        fields = {"practice_area", "topic", "difficulty", "jurisdiction"}
        return reply({"topics": [row.model_dump(include=fields) for row in rows]})

    @routes.get("/jurisdictions")
    def jurisdictions() -> Response:
        catalogue = services().catalogue
        rows = [
            {**row.model_dump(), "enabled": True, "topic_count": len(catalogue.topics_of(row.id))}
            for row in catalogue.jurisdictions
        ]
        return success(jurisdictions=rows, default=catalogue.default_jurisdiction)

    @routes.get("/sample-types")
    def sample_types() -> Response:
        catalogue = services().catalogue
        fields = {"id", "name", "description", "focus", "example"}
        rows = [row.model_dump(include=fields) for row in catalogue.sample_types]
        core = ", ".join(kind.id for kind in catalogue.core_types)
        balance = {
            "id": BALANCE,
            "name": "Balanced mix",
            "description": f"Cycles through the core types: {core}",
            "focus": "an even mix of types",
            "example": "",
        }
        return success(sample_types=[*rows, balance], default="case_analysis")

    @routes.get("/difficulties")
    def difficulties() -> Response:
        return success(difficulties=[row.model_dump() for row in services().catalogue.difficulties])

    @routes.get("/providers")
    def providers() -> Response:
        llm = services().llm
        rows = [
            {
                "id": info.id,
                "name": info.name,
                "enabled": True,
                "default_model": llm.default_model(info),
                "champion_model": info.champion_model or llm.default_model(info),
                "base_url": llm.factory.base_url(info),
                "requests_per_minute": info.requests_per_minute,
                "tokens_per_minute": info.tokens_per_minute,
            }
            for info in llm.factory.enabled()
        ]
        return success(providers=rows, default_provider=llm.default_provider.id)

    @routes.get("/models")
    def models() -> Response:
        llm = services().llm
        rows = [
            {
                "id": model.id,
                "name": model.id,
                "provider": info.id,
                "provider_name": info.name,
                "context_window": model.context_window,
                "owned_by": info.name,
                "fallback_priority": position,
                "supports_json_schema": model.json_schema,
                "is_thinking_model": model.thinking,
            }
            for info in llm.factory.enabled()
            for position, model in enumerate(llm.models.usable(info))
        ]
        default = llm.default_provider
        return success(models=rows, default_provider=default.id, default_model=llm.default_model(default))

    return routes
