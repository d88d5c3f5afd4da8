"""A certificate authority that can speak for the exchanges' names and for loopback, and for nothing else.

It is made once, in the user's data folder. Its key never leaves that folder and enters no system store: only
clients that are handed its certificate trust it. The name constraints in it bind even those.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from tradewind.clients.loopback import EXCHANGE_HOSTS
from tradewind.files import locked, write_whole
from tradewind.market import ConfigError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

DOMAINS = ("binance.com", "binance.vision", "binancefuture.com", "bitget.com", "localhost")
HOSTS = (*EXCHANGE_HOSTS, "localhost")
_CA_DAYS, _SERVER_DAYS, _RENEW_DAYS = 3650, 365, 30
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Authority:
    """Where its files are. `certificate` is what clients trust."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def key(self) -> Path:
        return self.folder / "ca.key"

    @property
    def server_certificate(self) -> Path:
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        return self.folder / "server.key"

    def server_context(self) -> ssl.SSLContext:
        """TLS for a server that goes by all of the names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.server_certificate, self.server_key)
        return context

    def client_context(self) -> ssl.SSLContext:
        """TLS for a client that trusts this authority and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))


def default_folder() -> Path:
    """`authority` in the user's data folder; TRADEWIND_AUTHORITY names another."""
    named = os.environ.get("TRADEWIND_AUTHORITY")
    if named:
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(data) / "tradewind" / "authority"


def authority_in(folder: Path) -> Authority:
    """The authority of that folder, made or renewed where it is missing or about to expire.

    `ConfigError` when the folder cannot be used, or when others may read a key in it.
    """
    authority = Authority(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(folder):
            if not (_lasts(authority.certificate) and authority.key.exists()):
                _make_authority(authority)
                authority.server_certificate.unlink(missing_ok=True)
            _refuse_open_key(authority.key)
            if not (_lasts(authority.server_certificate) and authority.server_key.exists()):
                _make_server(authority)
            _refuse_open_key(authority.server_key)
    except OSError as error:
        raise ConfigError(
            f"{error.filename or folder} cannot be used for certificates ({error.strerror}): name another "
            "folder in TRADEWIND_AUTHORITY"
        ) from error
    return authority


def _lasts(path: Path) -> bool:
    """Whether there is a certificate that is good for another month."""
    if not path.exists():
        return False
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError:
        return False
    return certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=_RENEW_DAYS)


def _refuse_open_key(path: Path) -> None:
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise ConfigError(
            f"{path} may be read by others (mode {mode:o}, expected 600): delete the folder {path.parent}, "
            "and a new authority is made"
        )


def _make_authority(authority: Authority) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tradewind local exchange, this machine only")])
    permitted: list[x509.GeneralName] = [x509.DNSName(domain) for domain in DOMAINS]
    permitted.append(x509.IPAddress(ip_network("127.0.0.0/8")))
    identity = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _dated(x509.CertificateBuilder().subject_name(name).issuer_name(name), _CA_DAYS)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(identity, critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(authority.key, _pem_of_key(key), _PRIVATE)
    _write(authority.certificate, _pem(certificate), 0o644)


def _make_server(authority: Authority) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    issuer = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    signer = serialization.load_pem_private_key(authority.key.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in HOSTS]
    names.append(x509.IPAddress(ip_address("127.0.0.1")))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tradewind local exchange")])
    of_issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    certificate = (
        _dated(x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject), _SERVER_DAYS)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(of_issuer, critical=False)
        .sign(signer, hashes.SHA256())
    )
    _write(authority.server_key, _pem_of_key(key), _PRIVATE)
    _write(authority.server_certificate, _pem(certificate), 0o644)


def _dated(builder: x509.CertificateBuilder, days: int) -> x509.CertificateBuilder:
    from cryptography import x509

    now = datetime.now(UTC)
    return (
        builder.serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _pem_of_key(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, data: bytes, mode: int) -> None:
    def fill(target: Path) -> None:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)

    write_whole(path, fill)
