"""A service with a real data set, and a client of its API."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api_server import create_app
from bootstrap import Service, build
from tests.api.conformance import checked_client
from tests.fakes import settings_for


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    platform = build(settings_for(tmp_path))
    platform.start()
    yield platform
    platform.close()


@pytest.fixture
def client(service: Service) -> FlaskClient:
    return checked_client(create_app(platform=service))
