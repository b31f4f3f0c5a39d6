"""What the tests of the terminal share: a console that is read, a command that is run."""

import io

from click.testing import CliRunner
from rich.console import Console

from cli import cli


def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def text_of(made: Console) -> str:
    assert isinstance(made.file, io.StringIO)
    return made.file.getvalue()


def invoked(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli, list(arguments))
    assert done.exit_code == code, done.output
    return done.output
