"""Croissant 1.1 of a release: what machines read of it, with its responsible-AI fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from models.contract.answers.releases import ReleaseFacts, ReleaseFile
from services.dataset.hub.licenses import OTHER
from services.dataset.releases.datasheet import CHECKS, LIMITS, USES

FILE = "croissant.json"
VERSION = "http://mlcommons.org/croissant/1.1"
RAI = "http://mlcommons.org/croissant/RAI/1.0"
# Not the registered type: the format's own reader knows this one alone.
_PARQUET = "application/x-parquet"
# What the format's own validator knows; other terms are read as these.
_CONTEXT: dict[str, object] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "arrayShape": "cr:arrayShape",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {"double": "sc:Float", "float": "sc:Float", "halffloat": "sc:Float", "bool": "sc:Boolean"}


def croissant_of(facts: ReleaseFacts, url: str = "") -> bytes:
    """Return the JSON-LD document; *url* is where the release is published, "" for not yet."""
    files = [_file(file, url, facts["version"]) for file in facts["files"]]
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [VERSION, RAI],
        "name": facts["name"],
        "description": facts["description"] or f"{facts['samples']} questions of law with answers and authorities.",
        "version": facts["version"],
        "url": url or f"urn:legal-training:{facts['id']}",
        "license": _licence(facts["licence"]),
        "datePublished": facts["created_at"][:10],
        "dateCreated": facts["created_at"][:10],
        "inLanguage": ["en"],
        "keywords": ["law", "legal", "question answering", *facts["counts"].get("jurisdiction", {})],
        "creator": {"@type": "sc:Organization", "name": _owner(url)},
        "citeAs": _cite(facts, url),
        "isLiveDataset": False,
        **_responsible(facts),
        "distribution": [*files, *(_set(split) for split in facts["splits"])],
        "recordSet": [_splits(facts), *(_records(facts, split) for split in facts["splits"])],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _file(file: ReleaseFile, url: str, version: str) -> dict[str, object]:
    place = f"{url}/resolve/v{version}/{file['path']}" if url else file["path"]
    return {
        "@type": "cr:FileObject",
        "@id": file["path"],
        "name": file["path"],
        "contentUrl": place,
        "contentSize": f"{file['size_bytes']} B",
        "encodingFormat": _PARQUET,
        "sha256": file["sha256"],
    }


def _set(split: str) -> dict[str, object]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{split}-files",
        "name": f"{split}-files",
        "description": f"The files of the split {split}",
        "encodingFormat": _PARQUET,
        "includes": f"data/{split}-*.parquet",
    }


def _splits(facts: ReleaseFacts) -> dict[str, object]:
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The splits of the data set",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [{"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"}],
        "data": [{"splits/name": split} for split in facts["splits"]],
    }


def _records(facts: ReleaseFacts, split: str) -> dict[str, object]:
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "description": f"{facts['splits'][split]['samples']} samples of the split {split}",
        "key": {"@id": f"{split}/id"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{split}/{name}",
                "name": name,
                "description": f"Column {name}",
                "dataType": _type(kind),
                "source": {"fileSet": {"@id": f"{split}-files"}, "extract": {"column": name}},
            }
            for name, kind in facts["columns"].items()
        ],
    }


def _type(kind: str) -> str:
    if kind.startswith(("int", "uint")):
        return "sc:Integer"
    return _TYPES.get(kind, "sc:Text")


def _responsible(facts: ReleaseFacts) -> dict[str, object]:
    recipe = facts["recipe"]
    models = [f"{model['provider'] or 'not named'}: {model['model'] or 'not named'}" for model in facts["models"]]
    return {
        "rai:dataCollection": "Written by language models on a plan of topics, difficulties and types, or added by the "
        "publisher; checked as the annotation protocol says.",
        "rai:dataCollectionType": ["Synthetic: generated by language models"],
        "rai:dataCollectionMissingData": _left_out(facts["quality"]["left_out"]),
        "rai:dataPreprocessingProtocol": [
            f"Filters {orjson.dumps(recipe['filters']).decode()}, grounding {recipe['grounding']}, "
            f"include {recipe['include']}.",
            f"Splits {recipe['splits'] or 'none'}, seed {recipe['seed']}; near-duplicates stand in one split together.",
        ],
        "rai:dataAnnotationProtocol": list(CHECKS),
        "rai:annotationsPerItem": "Machine checks on each sample; a person reviewed those that `review` names",
        "rai:machineAnnotationTools": [f"Legal Training Platform {facts['service_version']}", *models],
        "rai:dataUseCases": list(USES),
        "rai:dataLimitations": list(LIMITS),
        "rai:dataBiases": ["The texts have the style and the biases of the models that wrote them."],
        "rai:personalSensitiveInformation": [
            "Names of parties stand in citations of published decisions; other names were not looked for."
        ],
        "rai:dataSocialImpact": "Models that were trained on it may state law wrongly with confidence; "
        "what they say has to be checked by a lawyer.",
        "rai:dataReleaseMaintenancePlan": "A release never changes; a later version takes its place, "
        "and one that should not be used is withdrawn with its reason.",
    }


def _left_out(counts: Mapping[str, int]) -> str:
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    return f"Samples that match and were left out: {told or 'none'}."


def _licence(licence: Mapping[str, str]) -> str | Sequence[str]:
    if not licence:
        return "not named"
    if licence["license"] == OTHER:
        return licence.get("license_link") or licence.get("license_name") or "not named"
    return f"https://spdx.org/licenses/{_SPDX.get(licence['license'], licence['license'].upper())}.html"


# SPDX writes some names otherwise than in capitals.
_SPDX = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "odc-by": "ODC-By-1.0",
    "odbl": "ODbL-1.0",
    "pddl": "PDDL-1.0",
    "unlicense": "Unlicense",
    "cdla-permissive-1.0": "CDLA-Permissive-1.0",
    "cdla-permissive-2.0": "CDLA-Permissive-2.0",
    "cdla-sharing-1.0": "CDLA-Sharing-1.0",
}


def _owner(url: str) -> str:
    """Return who publishes it: the owner of the repository."""
    parts = url.rstrip("/").split("/datasets/")[-1].split("/") if "/datasets/" in url else []
    return parts[0] if parts else "not named"


def _cite(facts: ReleaseFacts, url: str) -> str:
    year = facts["created_at"][:4]
    return (
        f"@misc{{{facts['name'].replace('.', '-')}, title = {{{facts['name']} {facts['version']}}}, "
        f"year = {{{year}}}, note = {{content hash {facts['content_hash']}}}{f', url = {{{url}}}' if url else ''}}}"
    )
