"""What deploy/ starts fits together, and is what the service knows."""

import re
from pathlib import Path

import yaml

from config import PROJECT_DIR, Settings

DEPLOY = PROJECT_DIR / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def services_of_ours() -> set[str]:
    return {name for name, one in COMPOSE["services"].items() if one["image"].startswith("legal-training-platform")}


def test_services_are_given_settings_that_there_are_and_the_same() -> None:
    given = [COMPOSE["services"][name]["environment"] for name in sorted(services_of_ours())]

    assert len(given) == 2
    assert given[0] == given[1]
    keys_of_s3 = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert {name.lower() for name in given[0].keys() - keys_of_s3} <= set(Settings.model_fields)
    assert keys_of_s3 < given[0].keys()
    assert "postgresql://database/" in given[0]["DATABASE_URI"]
    assert {"database", "limits"} <= COMPOSE["services"].keys()


def test_each_service_has_a_data_folder_of_its_own_and_all_have_one_key() -> None:
    services = [COMPOSE["services"][name] for name in sorted(services_of_ours())]
    volumes = [one["volumes"] for one in services]

    assert len({mount for mounts in volumes for mount in mounts}) == len(services)
    assert all("ENCRYPTION_KEY" in one["environment"] and "DATA_URL" in one["environment"] for one in services)


def test_nginx_and_prometheus_ask_the_services_that_are_started() -> None:
    nginx = set(re.findall(r"server ([\w-]+):5001", (DEPLOY / "nginx.conf").read_text()))
    scraped = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"][0]["static_configs"][0][
        "targets"
    ]

    assert nginx == services_of_ours()
    assert {target.partition(":")[0] for target in scraped} == services_of_ours()


def test_files_that_are_mounted_are_there_and_volumes_are_named() -> None:
    mounts = [mount for one in COMPOSE["services"].values() for mount in one.get("volumes", ())]

    for mount in mounts:
        source = mount.partition(":")[0]
        assert (DEPLOY / source).is_file() if source.startswith(".") else source in COMPOSE["volumes"], mount
    assert Path(DEPLOY / COMPOSE["services"]["app-1"]["build"]["context"] / "Dockerfile").is_file()


def test_everything_waits_for_services_that_there_are() -> None:
    for name, one in COMPOSE["services"].items():
        waited = one.get("depends_on", ())
        assert set(waited) <= COMPOSE["services"].keys(), name
        told = waited.items() if isinstance(waited, dict) else ()
        healthy = [other for other, how in told if how["condition"] == "service_healthy"]
        assert all("healthcheck" in COMPOSE["services"][other] for other in healthy), name
    assert {"database", "limits", "objects", "nginx", "prometheus", "app-1", "app-2"} <= COMPOSE["services"].keys()
