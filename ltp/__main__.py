"""The command `ltp`, and `python -m ltp`: everything that `cli.py` has.

The service keeps the layout of its repository, with rooms named `models` or `utils`. In the package they lie under
`ltp/_service`, and are found as such in the processes of the service alone.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

from ltp import __version__

_CLIENT_ALONE = """The client is installed, and the service is not.

  In Python:    import ltp; ltp.Client("http://127.0.0.1:5001")
  The service:  pip install 'legal-training-platform[service]', then ltp --help
"""


def service_folder() -> Path:
    """Return where the service lies: in the package, or, in a clone, beside it."""
    here = Path(__file__).resolve().parent
    packed = here / "_service"
    return packed if packed.is_dir() else here.parent


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] == ["--version"]:  # also where only the client is installed
        sys.stdout.write(f"ltp {__version__}\n")
        return
    if sys.argv[1:] in ([], ["--help"], ["-h"]) and find_spec("click") is None:
        sys.stdout.write(_CLIENT_ALONE)
        return
    folder = service_folder()
    sys.path.insert(0, str(folder))
    from utils.installation import extra_of, how_to_install

    try:
        from cli import cli

        cli(prog_name="ltp")
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if not module or (folder / module).exists() or (folder / f"{module}.py").exists():  # a fault of ours
            raise
        sys.exit(f"error: {module} is missing, which this needs; run: {how_to_install(extra_of(module))}")


if __name__ == "__main__":
    main()
