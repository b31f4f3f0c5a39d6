"""Looks for secrets in every file of the repository: `python -m tests.secret_scan` (part of `make check`).

By detect-secrets' detectors of tokens and private keys, and by our own shapes of the vendors'
keys. What is found and is made up for tests stands in known_fakes.txt by its hash;
`--accept` writes that file anew, and its change is to be read before it is committed.
"""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from detect_secrets.core.scan import scan_line
from detect_secrets.settings import transient_settings

from utils.redaction import secrets_in

_ROOT = Path(__file__).resolve().parent.parent
_KNOWN = Path(__file__).with_name("known_fakes.txt")
# Lists of hashes and recorded answers hold no keys by their nature, and look as if they did to detectors of entropy.
_PASSED_OVER = (".lock", "known_fakes.txt")
_DETECTORS = [
    *("AWSKeyDetector", "AzureStorageKeyDetector", "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector"),
    *("NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SlackDetector", "StripeDetector"),
    *("BasicAuthDetector", "DiscordBotTokenDetector", "SendGridDetector", "TelegramBotTokenDetector"),
]


def found() -> Iterator[tuple[str, int, str]]:
    """Yield file, line and what looks like a secret."""
    with transient_settings({"plugins_used": [{"name": name} for name in _DETECTORS]}):
        for path in _files():
            try:
                text = path.read_text(encoding="utf-8")
            except (UnicodeDecodeError, OSError):
                continue
            for number, line in enumerate(text.splitlines(), 1):
                secrets = {secret for hit in scan_line(line) if (secret := hit.secret_value)}
                for secret in secrets | set(secrets_in(line)):
                    yield str(path.relative_to(_ROOT)), number, secret


def mark(secret: str) -> str:
    """Return what stands for *secret* in the list of known ones."""
    return hashlib.sha256(secret.encode()).hexdigest()[:24]


def main() -> int:
    """Return 1 when a secret is found that nobody knows."""
    everything = list(found())
    if "--accept" in sys.argv:
        _KNOWN.write_text("\n".join(sorted({mark(secret) for *_, secret in everything})) + "\n")
        return 0
    known = set(_KNOWN.read_text().split())
    new = [(path, number, secret) for path, number, secret in everything if mark(secret) not in known]
    for path, number, secret in new:
        print(f"{path}:{number}: looks like a secret ({secret[:6]}…); take it out, or --accept it if it is made up")  # noqa: T201  # a command
    return 1 if new else 0


def _files() -> list[Path]:
    # What is about to be added too: a check before the commit that reads only what is in git already comes too late.
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=_ROOT, capture_output=True, check=True, text=True)  # nosec B603 B607
    names = [name for name in listed.stdout.split("\0") if name and not name.endswith(_PASSED_OVER)]
    return [_ROOT / name for name in names]


if __name__ == "__main__":
    sys.exit(main())
