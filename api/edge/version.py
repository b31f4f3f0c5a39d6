"""The version of the service, as in its answers and the OpenAPI document."""

VERSION = "0.1.0"
