"""The version of the service, as its answers and its document tell it."""

VERSION = "0.1.0"
