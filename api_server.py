"""The HTTP server: `create_app` for any WSGI server, `serve` to run ours.

Importing this module is cheap on purpose: the server's parent process imports it
and forks; what must not be forked is imported by `create_app`.
"""

import sys
from typing import TYPE_CHECKING

from config import Settings, load_settings
from utils.errors import AppError

if TYPE_CHECKING:
    from flask import Flask

    from bootstrap import Service


def create_app(settings: Settings | None = None, platform: "Service | None" = None) -> "Flask":
    """Build the app; starts no thread.

    Args:
        settings: Read from the environment when None.
        platform: The wired services; built from *settings* when None. To start and close it is the caller's.

    Raises:
        ConfigurationError, StorageError: it cannot be set up; says what to do.
    """
    from api.app import assemble
    from bootstrap import build, settings_of_app, settings_of_site
    from web.site import install

    settings = settings or (platform.settings if platform else load_settings())
    platform = platform or build(settings)
    app = assemble(platform, settings_of_app(settings))
    install(app, settings_of_site(settings))
    return app


def serve(settings: Settings) -> None:
    """Run the server until it is told to stop.

    Raises:
        ConfigurationError, StorageError: it cannot start; nothing was changed.
    """
    from server.process import Job, run

    run(Job(settings, _made))


def _made(settings: Settings) -> "tuple[Flask, Service]":
    """Build the service and its app, in the process that serves."""
    from bootstrap import build

    platform = build(settings)
    return create_app(settings, platform), platform


def main() -> int:
    """Start from the command line: `python3 api_server.py`."""
    if sys.argv[1:]:
        sys.stdout.write(
            "usage: python3 api_server.py\n\nStarts the server; settings come from the environment and .env.\n"
        )
        sys.stdout.write("See README.md, or `python3 cli.py --help` for commands with options.\n")
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    try:
        serve(load_settings())
    except AppError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
