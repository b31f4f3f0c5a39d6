"""These tests are about one file; where samples lie in shards there is none."""

from tests.layouts import LAYOUT

collect_ignore_glob = ["test_*.py"] if LAYOUT != "file" else []
