"""What lies below the adapters: names that are judged, and stay the names of TLS."""

import datetime
import ipaddress
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config import PROJECT_DIR
from services.llm.adapters.base import ProviderConfig
from services.llm.adapters.transport import PinnedBackend, http_client
from tests.vendors.simulator import SimulatedVendor
from utils.addresses import AddressRule
from utils.errors import ProviderConnectionError

NAME = "api.vendor.test"
ADDRESS = ipaddress.ip_address("127.0.0.1")
LIBRARIES = ["httpx", "httpx2"]


def certificate(folder: Path) -> Path:
    """Write a certificate of `NAME` and `ADDRESS` with its key, which vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    begun = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begun)
        .not_valid_after(begun.replace(year=2120))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ADDRESS)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "vendor.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, list[str | None]]]:
    """A vendor with TLS, whose certificate is trusted: its port, and the names that it was asked for."""
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    asked: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Host"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("library", LIBRARIES)
def test_pinned_address_is_asked_for_the_name_and_must_prove_it(
    secure: tuple[int, list[str | None]], library: str
) -> None:
    port, asked = secure
    rule = AddressRule(True, lambda _: ["127.0.0.1"])

    def status(host: str) -> int:
        url = f"https://{host}:{port}"
        with http_client(library, ProviderConfig("x", url, rule=rule, timeout_s=60)) as client:
            return int(client.get(url).status_code)

    assert status(NAME) == 200
    assert asked == [NAME, f"{NAME}:{port}"]
    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        status("other.test")


class Connecting:
    """Stands for the network: connects to some addresses only, and keeps what was tried."""

    def __init__(self, *listening: str) -> None:
        self.listening = listening
        self.tried: list[str] = []

    def connect_tcp(self, host: str, port: int, *_: object, **__: object) -> str:
        self.tried.append(host)
        if host not in self.listening:
            raise ConnectionRefusedError(host)
        return f"{host}:{port}"

    def sleep(self, seconds: float) -> None: ...


def test_connection_goes_to_the_first_judged_address_that_answers() -> None:
    network = Connecting("93.184.216.34", "93.184.216.35")
    rule = AddressRule(resolve=lambda _: ["2606:2800::1", "93.184.216.34", "93.184.216.35"])

    made = PinnedBackend(network, rule, (ConnectionRefusedError,)).connect_tcp(NAME, 443, timeout=1)

    assert made == "93.184.216.34:443"
    assert network.tried == ["2606:2800::1", "93.184.216.34"]


def test_name_is_judged_anew_at_every_connection_and_by_all_its_addresses() -> None:
    answers = iter([["93.184.216.34"], ["93.184.216.34", "169.254.169.254"], ["10.0.0.1"], []])
    network = Connecting("93.184.216.34")
    backend = PinnedBackend(network, AddressRule(resolve=lambda _: next(answers)), (ConnectionRefusedError,))

    backend.connect_tcp(NAME, 80)
    for says in ("169.254.169.254, a link-local", "which is private", "cannot be resolved"):
        with pytest.raises(ProviderConnectionError, match=says):
            backend.connect_tcp(NAME, 80)

    assert network.tried == ["93.184.216.34"]


def test_no_socket_file_is_an_address() -> None:
    with pytest.raises(ProviderConnectionError, match="no address"):
        PinnedBackend(Connecting(), AddressRule(), ()).connect_unix_socket("/run/x.sock")


def test_httpx_is_whole_before_any_client_is_made() -> None:
    script = (
        "import sys\n"
        "from services.llm.adapters.base import ProviderConfig\n"
        "from services.llm.adapters.transport import connections\n"
        "assert 'httpx' not in sys.modules\n"
        "connections('httpx2', ProviderConfig('openai', 'http://127.0.0.1:9'))\n"
        "print(sys.modules['httpx'].__spec__._initializing, hasattr(sys.modules['httpx'], 'Response'))"
    )

    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=PROJECT_DIR)

    assert told.stdout.split() == ["False", "True"]


@pytest.mark.parametrize(
    ("key_headers", "sent"),
    [
        pytest.param(None, {"authorization": "Bearer secret-key"}, id="bearer"),
        pytest.param({"x-parley-key": "secret-key"}, {"x-parley-key": "secret-key"}, id="header-of-its-own"),
        pytest.param({}, {}, id="no-key"),
    ],
)
def test_key_goes_to_an_address_from_the_network_in_the_header_of_its_wire(
    key_headers: dict[str, str] | None, sent: dict[str, str]
) -> None:
    with SimulatedVendor("openai", ["m1"]) as vendor:
        rule = AddressRule(allow_private=True)
        config = ProviderConfig("parley", vendor.url, api_key="secret-key", rule=rule)
        client = http_client("httpx2", config, key_headers)
        client.get(f"{vendor.url}/models", headers={"x-of-the-environment": "secret", **(key_headers or sent)})
        client.close()

    told = vendor.headers[0]
    assert {name: value for name, value in told.items() if name in ("authorization", "x-parley-key")} == sent
    assert "x-of-the-environment" not in told
