"""Webhooks: signed as receivers verify it, sent until they are taken, none lost with a process."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from bootstrap import build
from models.contract.automation_bodies import WebhookBody
from services.operations.automation.webhooks import AGAIN_S, Webhooks
from services.platform import Platform
from tests.fakes import good_answer, settings_for
from utils.addresses import AddressRule
from utils.clock import ManualClock, SystemClock
from utils.errors import InputError, NotFoundError
from utils.secret_box import SecretBox, new_key


class Receiver:
    """A server that takes messages, with the statuses it is told to answer."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(outer.statuses.pop(0) if outer.statuses else 204)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def events(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Platform]:
    """A started service whose own thread sends nothing."""
    made = build(settings_for(tmp_path / "own"))
    made.webhooks._stopping.set()
    yield made.start()
    made.close()


def hooks(service: Platform, clock: Any, rule: AddressRule | None = None) -> Webhooks:
    facts = service.webhooks._facts
    box = SecretBox([new_key()])
    return Webhooks(service.webhooks._store, facts, box, rule or AddressRule(allow_private=True), clock)


def test_message_is_signed_as_receivers_verify_it(service: Platform, receiver: Receiver) -> None:
    webhooks = hooks(service, SystemClock())
    made = webhooks.add(WebhookBody(url=receiver.url))

    webhooks.test(made["id"])
    webhooks.deliver()

    (headers, body), verifier = receiver.got[0], Verifier(made["secret"])
    assert verifier.verify(body, headers)["type"] == "webhook.test"
    with pytest.raises(WebhookVerificationError):
        verifier.verify(body.replace(b"test", b"tost"), headers)
    assert [one["state"] for one in webhooks.deliveries(made["id"], 10)] == ["delivered"]
    assert "secret" not in webhooks.all()[0]


def test_message_is_sent_again_later_and_later_under_the_same_id(
    service: Platform, receiver: Receiver, clock: ManualClock
) -> None:
    webhooks = hooks(service, clock)
    made = webhooks.add(WebhookBody(url=receiver.url))
    receiver.statuses = [500, 302, 429]
    webhooks.test(made["id"])

    webhooks.deliver()
    assert webhooks.deliver() == 0
    for span in AGAIN_S[:3]:
        clock.advance(span)
        assert webhooks.deliver() == 1

    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 4
    told = webhooks.deliveries(made["id"], 1)[0]
    assert (told["state"], told["tries"], told["status"], told["error"]) == ("delivered", 4, 204, None)


def test_message_that_nobody_takes_is_given_up_after_a_day(service: Platform, clock: ManualClock) -> None:
    webhooks = hooks(service, clock)
    made = webhooks.add(WebhookBody(url="http://127.0.0.1:9/closed"))
    webhooks.test(made["id"])

    webhooks.deliver()
    for span in AGAIN_S:
        clock.advance(span)
        webhooks.deliver()

    told = webhooks.deliveries(made["id"], 1)[0]
    assert (told["state"], told["tries"], told["next_at"], told["status"]) == ("failed", 1 + len(AGAIN_S), None, None)
    assert told["error"]
    assert sum(AGAIN_S) > 80_000


def test_address_that_is_gone_is_turned_off(service: Platform, receiver: Receiver, clock: ManualClock) -> None:
    webhooks = hooks(service, clock)
    made = webhooks.add(WebhookBody(url=receiver.url))
    receiver.statuses = [410]
    webhooks.test(made["id"])

    webhooks.deliver()
    clock.advance(60)

    assert webhooks.deliver() == 0
    assert webhooks.all()[0]["off_because"] == "its address said 410 Gone"
    webhooks.turn(made["id"], True)
    assert webhooks.deliver() == 1
    assert webhooks.all()[0]["off_because"] is None


def test_end_of_a_batch_and_a_reached_budget_are_told(start: Any, receiver: Receiver) -> None:
    platform = start({"groq": [good_answer] * 9}, allow_private_base_urls=True)
    platform.webhooks.add(WebhookBody(url=receiver.url, events=["batch.ended", "batch.budget"]))
    for more in ({}, {"max_tokens_total": 30_000}):
        count = 200 if more else 2
        batch = platform.batches.start_batch(count=count, provider="groq", difficulty="basic", **more)["batch_id"]
        assert platform.batches.wait(batch, 60)
    platform.webhooks.close(10)
    platform.webhooks._stopping.clear()

    platform.webhooks.collect()
    platform.webhooks.deliver()

    assert sorted(receiver.events) == ["batch.budget", "batch.ended"]
    ended = next(json.loads(body) for _, body in receiver.got if b'"batch.ended"' in body)
    assert (ended["data"]["status"], ended["data"]["samples_generated"]) == ("completed", 2)


def test_what_happened_while_no_process_ran_is_told_once(
    service: Platform, receiver: Receiver, clock: ManualClock
) -> None:
    webhooks = hooks(service, clock)
    webhooks.add(WebhookBody(url=receiver.url))
    service.stores.writer.run(
        lambda connection: service.stores.tables.events.add(
            connection, "b1", "2026-11-21T09:00:00+00:00", "alert", {"kind": "timeouts"}
        )
    )

    for _ in range(3):
        hooks(service, clock).collect()  # as after a restart, and in another process

    assert [one["event"] for one in webhooks.deliveries(webhooks.all()[0]["id"], 10)] == ["batch.alert"]


def test_two_processes_send_a_message_once(service: Platform, clock: ManualClock) -> None:
    webhooks = hooks(service, clock)
    made = webhooks.add(WebhookBody(url="http://127.0.0.1:9/closed"))
    webhooks.test(made["id"])
    due = service.webhooks._store.due("9999", 10)

    assert [service.webhooks._store.claim(due[0], "9999") for _ in range(2)] == [True, False]


def test_addresses_of_the_inner_network_are_refused(service: Platform, clock: ManualClock) -> None:
    strict = hooks(service, clock, AddressRule(resolve=lambda host: ["127.0.0.1"]))

    with pytest.raises(InputError, match="url"):
        strict.add(WebhookBody(url="https://example.com/hook"))
    with pytest.raises(InputError, match="url"):
        strict.add(WebhookBody(url="ftp://example.com/hook"))


def test_name_that_leads_into_the_inner_network_later_is_not_called(
    service: Platform, receiver: Receiver, clock: ManualClock
) -> None:
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    webhooks = hooks(service, clock, AddressRule(resolve=lambda host: answers.pop(0)))
    made = webhooks.add(WebhookBody(url=receiver.url.replace("127.0.0.1", "hooks.example")))
    webhooks.test(made["id"])

    webhooks.deliver()

    assert receiver.got == []
    assert webhooks.deliveries(made["id"], 1)[0]["state"] == "waiting"


@pytest.mark.parametrize("secret", ["abc", "whsec_abc", "whsec_" + base64.b64encode(b"short").decode()])
def test_secret_that_is_none_is_refused(service: Platform, clock: ManualClock, secret: str) -> None:
    with pytest.raises(InputError, match="whsec_"):
        hooks(service, clock).add(WebhookBody(url="http://127.0.0.1:9/", secret=secret))


def test_unknown_webhook_is_told(service: Platform, clock: ManualClock) -> None:
    webhooks = hooks(service, clock)
    for call in (
        webhooks.delete,
        webhooks.test,
        lambda one: webhooks.turn(one, True),
        lambda one: webhooks.deliveries(one, 1),
    ):
        with pytest.raises(NotFoundError, match="GET /api/webhooks"):
            call("wh_0")
