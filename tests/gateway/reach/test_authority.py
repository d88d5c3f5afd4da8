"""The authority: private keys, names that it may speak for, and no others."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tradewind.gateway.reach import Authority, authority_in, default_folder
from tradewind.market import ConfigError


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return authority_in(tmp_path / "authority")


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Raises what the client raises."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):  # the client may go away, as it should
                server.wrap_socket(connection, server_side=True).close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with socket.create_connection(listening.getsockname()) as plain:
                client.wrap_socket(plain, server_hostname=name).close()
        finally:
            thread.join(10)


@pytest.mark.parametrize(
    "name",
    [
        "api.binance.com",
        "fapi.binance.com",
        "demo-api.binance.com",
        "testnet.binance.vision",
        "stream.testnet.binance.vision",
        "testnet.binancefuture.com",
        "ws.bitget.com",
        "localhost",
        "127.0.0.1",
    ],
)
def test_clients_that_trust_it_accept_the_names_of_the_exchanges(authority: Authority, name: str) -> None:
    _handshake(authority.server_context(), authority.client_context(), name)


def test_others_do_not_trust_it(authority: Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(authority.server_context(), ssl.create_default_context(), "api.binance.com")


def test_it_cannot_speak_for_anybody_else(authority: Authority, tmp_path: Path) -> None:
    """Even whoever steals the key gets no certificate for another name past a client."""
    signer = serialization.load_pem_private_key(authority.key.read_bytes(), None)
    issuer = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    mine = x509.load_pem_x509_certificate(authority.server_certificate.read_bytes())
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bank")]))
        .issuer_name(issuer.subject)
        .serial_number(7)
        .not_valid_before(mine.not_valid_before_utc)
        .not_valid_after(mine.not_valid_after_utc)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("bank.example.com")]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    chain = tmp_path / "forged.pem"
    chain.write_bytes(
        forged.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        _handshake(server, authority.client_context(), "bank.example.com")


def test_keys_are_the_users_alone_and_open_ones_are_refused(authority: Authority) -> None:
    for key in (authority.key, authority.server_key):
        assert key.stat().st_mode & 0o777 == 0o600
    authority.key.chmod(0o644)
    with pytest.raises(ConfigError, match="mode 644, expected 600"):
        authority_in(authority.folder)


def test_it_is_made_once_and_the_server_again_when_it_is_gone(authority: Authority) -> None:
    before, served = authority.certificate.read_bytes(), authority.server_certificate.read_bytes()
    assert authority_in(authority.folder).server_certificate.read_bytes() == served
    authority.server_certificate.write_text("torn")
    authority_in(authority.folder)
    assert authority.certificate.read_bytes() == before
    _handshake(authority.server_context(), authority.client_context(), "api.binance.com")


def test_where_it_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TRADEWIND_AUTHORITY", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "tradewind" / "authority"
    monkeypatch.setenv("TRADEWIND_AUTHORITY", str(tmp_path / "else"))
    assert default_folder() == tmp_path / "else"
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used for certificates"):
        authority_in(tmp_path / "file")
