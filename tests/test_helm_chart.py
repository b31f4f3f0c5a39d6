"""The chart of deploy/helm, linted and rendered by helm's own engine; manifests fit Kubernetes' schemas.

The engine is helm v4 as a library (helm-python-sdk); without it these tests are skipped, but for the schema's.
"""

import json
from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest
import yaml

from config import PROJECT_DIR, Settings

CHART = PROJECT_DIR / "deploy" / "helm" / "legal-training-platform"
SECRET = {"existingSecret": "ltp"}
ALONE = {"access": SECRET}
SEVERAL = {"access": SECRET, "database": SECRET, "redis": SECRET, "replicaCount": 3, "webWorkers": 2}
ALL = {
    **SEVERAL,
    "settingsSecrets": ["vendors"],
    "settings": {"MAX_WORKERS": "32", "LOG_FORMAT": "console"},
    "ingress": {"enabled": True, "className": "nginx", "hosts": ["data.example.org"], "tlsSecret": "certificate"},
    "serviceMonitor": {"enabled": True, "tokenSecret": "metrics", "labels": {"release": "prometheus"}},
    "imagePullSecrets": [{"name": "registry"}],
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "data", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "serviceAccount": {"name": "law"},
}
APART = {
    **SEVERAL,
    "persistence": {"perPod": True, "storageClass": "fast"},
    "settings": {"DATA_URL": "s3://samples?region=eu-west-2"},
    "settingsSecrets": ["keys"],
}
# The oldest and the newest Kubernetes whose schemas come with the package that validates.
KUBERNETES = ("1.27", "1.37")


def rendered(values: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    """Return the manifests of a release named demo, by kind; the test pod under "Test"."""
    helm = pytest.importorskip("helm_python")
    with helm.Chart.load(CHART) as chart:
        files = chart.render(values, name="demo", namespace="law")
    manifests = {}
    for name, text in files.items():
        if name.endswith(".yaml") and (manifest := yaml.safe_load(text)):
            manifests["Test" if "/tests/" in name else manifest["kind"]] = manifest
    return manifests


def refusal(values: Mapping[str, object]) -> str:
    helm = pytest.importorskip("helm_python")
    with pytest.raises(helm.HelmError) as refused:
        rendered(values)
    return str(refused.value)


def environment(manifests: Mapping[str, dict[str, Any]]) -> dict[str, object]:
    """Return the names that a pod is given, with their texts or secrets."""
    container = manifests["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    of_secrets = {one["name"]: one.get("value") or one["valueFrom"]["secretKeyRef"] for one in container["env"]}
    return {**manifests["ConfigMap"]["data"], **of_secrets}


@pytest.mark.parametrize("values", [ALONE, SEVERAL, ALL, APART], ids=["alone", "several", "all", "apart"])
def test_helm_finds_nothing_wrong_with_the_chart(values: dict[str, object]) -> None:
    helm = pytest.importorskip("helm_python")

    found = helm.lint(CHART, values, strict=True)

    assert found["total_charts_linted"] == 1
    assert not found["errors"]
    assert [one["error"] for one in found["messages"] if one["severity"] >= 2] == []


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("values", [ALONE, SEVERAL, ALL, APART], ids=["alone", "several", "all", "apart"])
def test_manifests_are_what_kubernetes_takes(values: dict[str, object], version: str) -> None:
    kubernetes = pytest.importorskip("kubernetes_validate")
    manifests = rendered(values)

    checked = [
        kubernetes.validate(manifest, version, strict=True)
        for kind, manifest in manifests.items()
        if kind != "ServiceMonitor"  # the operator's, not Kubernetes'
    ]

    assert len(checked) >= 4
    assert {"Deployment", "Service", "ConfigMap", "Test"} <= manifests.keys()


def test_a_manifest_that_kubernetes_does_not_know_would_be_noticed() -> None:
    kubernetes = pytest.importorskip("kubernetes_validate")
    wrong = rendered(ALONE)["Deployment"]
    wrong["spec"]["replica"] = 2

    with pytest.raises(kubernetes.ValidationError):
        kubernetes.validate(wrong, KUBERNETES[1], strict=True)


def test_pods_are_given_settings_that_there_are() -> None:
    given = environment(rendered(ALL))

    assert {name.lower() for name in given} - {"tmpdir"} <= set(Settings.model_fields)
    assert given["MAX_WORKERS"] == "32"
    assert given["DATABASE_URI"] == {"name": "ltp", "key": "DATABASE_URI"}
    assert "data.example.org" in str(given["ALLOWED_HOSTS"]).split(",")
    assert given["TRUSTED_PROXIES"] == "1"
    assert environment(rendered(ALONE))["TRUSTED_PROXIES"] == "0"
    assert "DATABASE_URI" not in environment(rendered(ALONE))


def test_pods_of_a_release_share_one_volume_on_one_node() -> None:
    manifests = rendered(SEVERAL)
    pod = manifests["Deployment"]["spec"]["template"]
    together = pod["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]

    assert manifests["PersistentVolumeClaim"]["spec"]["accessModes"] == ["ReadWriteOnce"]
    claim = manifests["PersistentVolumeClaim"]["metadata"]["name"]
    assert {"name": "data", "persistentVolumeClaim": {"claimName": claim}} in pod["spec"]["volumes"]
    assert together["topologyKey"] == "kubernetes.io/hostname"
    assert together["labelSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert manifests["PersistentVolumeClaim"]["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_pods_with_volumes_of_their_own_may_run_on_any_node() -> None:
    manifests = rendered(APART)
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    (data,) = [one for one in pod["volumes"] if one["name"] == "data"]

    assert "PersistentVolumeClaim" not in manifests
    assert "affinity" not in pod
    assert data["ephemeral"]["volumeClaimTemplate"]["spec"]["storageClassName"] == "fast"
    assert environment(manifests)["DATA_URL"] == "s3://samples?region=eu-west-2"


def test_everything_finds_the_pods() -> None:
    manifests = rendered(ALL)
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    port = manifests["Deployment"]["spec"]["template"]["spec"]["containers"][0]["ports"][0]["name"]

    assert manifests["Service"]["spec"]["selector"].items() <= labels
    assert manifests["Service"]["spec"]["ports"][0]["targetPort"] == port
    assert manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"].items() <= labels
    assert not manifests["Service"]["spec"]["selector"].items() <= manifests["Test"]["metadata"]["labels"].items()
    watched = manifests["ServiceMonitor"]["spec"]
    assert watched["selector"]["matchLabels"].items() <= manifests["Service"]["metadata"]["labels"].items()
    assert watched["endpoints"][0]["port"] == manifests["Service"]["spec"]["ports"][0]["name"]


def test_parts_that_were_not_asked_for_are_not_made() -> None:
    assert rendered(ALONE).keys() == {"ConfigMap", "Deployment", "Service", "PersistentVolumeClaim", "Test"}
    assert "PersistentVolumeClaim" not in rendered({**ALONE, "persistence": {"existingClaim": "mine"}})


def test_pods_are_asked_whether_they_live_and_are_ready() -> None:
    container = rendered(ALONE)["Deployment"]["spec"]["template"]["spec"]["containers"][0]

    assert container["livenessProbe"]["httpGet"]["path"] == "/api/health/live"
    assert container["startupProbe"]["httpGet"]["path"] == "/api/health/live"
    assert container["readinessProbe"]["httpGet"]["path"] == "/api/health/ready"
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_no_secret_stands_in_a_manifest() -> None:
    assert "Secret" not in rendered(ALL)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "access.existingSecret"),
        ({"access": SECRET, "replicaCount": 2}, "database.existingSecret (PostgreSQL)"),
        ({"access": SECRET, "webWorkers": 2, "database": SECRET}, "redis.existingSecret"),
        ({**SEVERAL, "persistence": {"accessModes": ["ReadWriteOncePod"]}}, "ReadWriteOncePod lets one pod alone"),
        ({**APART, "settings": {}}, "persistence.perPod: a pod's volume goes with it"),
        ({**APART, "settingsSecrets": []}, "a secret with ENCRYPTION_KEY"),
        ({**ALONE, "persistence": {"perPod": True}}, "want database.existingSecret (PostgreSQL)"),
        ({**APART, "persistence": {"perPod": True, "existingClaim": "mine"}}, "one volume for all pods"),
        ({**ALONE, "ingress": {"enabled": True}}, "ingress.hosts"),
        ({**ALONE, "serviceMonitor": {"enabled": True}}, "serviceMonitor.tokenSecret"),
        ({**ALONE, "replicas": 2}, "'replicas' not allowed"),
    ],
)
def test_what_cannot_work_is_refused_in_words(values: dict[str, object], told: str) -> None:
    assert told in refusal(values)


def test_values_fit_their_schema_which_refuses_settings_that_the_chart_makes_itself() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.validate(values, schema)

    assert schema["properties"].keys() - {"global"} == values.keys()
    for wrong in ({"PORT": "1"}, {"max_workers": "1"}, {"MAX_WORKERS": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**values, "settings": wrong}, schema)
