"""An environment of its own for the packages that are compared, since the service needs none of them."""

import os
import subprocess
import sys
from pathlib import Path

PACKAGES = (
    "deltalake==1.6.6",
    "pyiceberg[pyarrow,sql-postgres,sql-sqlite]==0.12.0",
    "moto[server]==5.2.5",
    "pgqueuer==1.6.0",
    "psycopg[binary]==3.3.9",
    "psycopg-pool==3.3.3",
    "asyncpg==0.32.0",
    "pyarrow==26.0.1",
)


def enter(folder: Path, module: str, arguments: list[str]) -> None:
    """Go on as *module* run by the interpreter of *folder*/venv, which is made the first time."""
    python = folder / "venv" / "bin" / "python"
    if Path(sys.prefix) == folder / "venv":
        return
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        install = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install", *PACKAGES]
        subprocess.run(install, check=True)
    os.execv(python, [str(python), "-m", module, str(folder), *arguments])  # noqa: S606
