"""The command `ltp`, and `python -m ltp`: everything that `cli.py` has.

The service keeps the layout of its repository, with rooms named `models` or `utils`. In the package they lie under
`ltp/_service`, and are found as such in the processes of the service alone.
"""

import sys
from pathlib import Path

from ltp import __version__


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
