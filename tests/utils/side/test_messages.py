"""Values and bytes go over a socket whole, and whoever waits sees that the other end is gone."""

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.side.messages import Connection, Kind


@given(st.lists(st.binary(max_size=50) | st.integers(1, 3 << 20).map(bytes), max_size=4))
def test_what_was_sent_comes_whole_and_in_order(contents: list[bytes]) -> None:
    mine, its = map(Connection, socket.socketpair())

    def send() -> None:
        for content in contents:
            mine.send((Kind.BYTES, None))
            mine.send_bytes(content)

    with mine, its:
        sender = threading.Thread(target=send)
        sender.start()
        for content in contents:
            assert its.recv() == (Kind.BYTES, None)
            assert its.recv_bytes() == content
        sender.join()


@pytest.mark.parametrize("begun", [b"", b"\0\0\0", b"\0\0\0\0\0\0\0\x09half"])
def test_an_end_in_the_middle_of_a_message_is_told(begun: bytes) -> None:
    mine, its = socket.socketpair()
    with Connection(its) as connection:
        mine.sendall(begun)
        mine.close()

        with pytest.raises(EOFError):
            connection.recv()
