"""The private parts of gunicorn that `server/gunicorn_parts.py` uses are where it expects them."""

import inspect
import socket

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import Unreader
from gunicorn.workers.base import Worker


def test_worker_has_the_attributes_that_its_loop_reads() -> None:
    made = Worker(1, 2, [], None, 30, Config(), None)

    assert {"alive", "ppid", "sockets", "PIPE", "cfg"} <= set(vars(made)) | set(dir(made))
    assert made.alive is False or made.alive is True
    assert callable(made.notify)
    assert list(inspect.signature(Worker.run).parameters) == ["self"]
    made.tmp.close()


@pytest.mark.parametrize(
    ("owner", "name", "wanted"),
    [
        pytest.param(RequestParser, "__init__", ["self", "cfg", "source", "source_addr"], id="parser"),
        pytest.param(RequestParser, "finish_body", ["self", "deadline", "max_bytes"], id="rest-of-the-body"),
        pytest.param(Unreader, "unread", ["self", "data"], id="unread"),
        pytest.param(Unreader, "take_buffered", ["self"], id="what-was-read-beyond"),
        pytest.param(wsgi, "create", ["req", "sock", "client", "server", "cfg"], id="environ"),
        pytest.param(wsgi.Response, "start_response", ["self", "status", "headers", "exc_info"], id="start"),
        pytest.param(wsgi.Response, "write", ["self", "arg"], id="write"),
        pytest.param(wsgi.Response, "close", ["self"], id="close"),
        pytest.param(wsgi.Response, "force_close", ["self"], id="force-close"),
        pytest.param(wsgi.Response, "should_close", ["self"], id="should-close"),
    ],
)
def test_part_takes_what_it_took(owner: object, name: str, wanted: list[str]) -> None:
    found = list(inspect.signature(getattr(owner, name)).parameters.values())

    assert [parameter.name for parameter in found[: len(wanted)]] == wanted
    assert all(parameter.default is not inspect.Parameter.empty for parameter in found[len(wanted) :])


def test_head_that_was_read_before_is_a_request_and_what_follows_is_given_back() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"GET /next HTTP/1.1\r\n\r\n")
        parser = RequestParser(Config(), ours, ("127.0.0.1", 1))
        parser.unreader.unread(b"GET /first?a=b HTTP/1.1\r\nHost: x\r\n\r\nGET /next")

        request = next(parser)

        assert isinstance(request, Request)
        assert (request.path, request.query) == ("/first", "a=b")
        assert parser.finish_body(max_bytes=10)
        assert parser.unreader.take_buffered() == b"GET /next"
