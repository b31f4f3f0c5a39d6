"""What tests of views do as a browser does: send a form with its token."""

import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def send(client: FlaskClient, page: str, address: str, **fields: object) -> TestResponse:
    """Send the form on *page* to *address*; return the page that comes of it."""
    form = client.get(page).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token is not None, form[:500]
    return client.post(address, data={"csrf_token": token[1], **fields}, follow_redirects=True)
