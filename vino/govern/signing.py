"""Who signs: a certificate made on this machine once, or the user's own.

The local certificate proves that two files were signed by the same machine, to whoever trusts its
root (`certificate.pem`, second part); it names nobody. The key of the root is thrown away after
it has signed, so nothing else can be signed with it.
"""

import os
import secrets
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from vino.errors import InputError
from vino.govern.home import home

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

CERTIFICATE_VARIABLE, KEY_VARIABLE = "VINO_SIGNING_CERTIFICATE", "VINO_SIGNING_KEY"
YEARS = 10
_CERTIFICATE, _KEY = "certificate.pem", "key.pem"
_LARGEST = 1 << 20  # bytes of a PEM file


@dataclass(frozen=True)
class Signer:
    """A certificate chain, the signer's own first, and its private key, both PEM.

    algorithm: as C2PA names it. timestamps: URL of a time-stamp authority (RFC 3161) that is asked
    for each signature, or None: then nothing is sent anywhere, and a signature cannot outlive its
    certificate.
    """

    certificate: str
    key: str = field(repr=False)
    algorithm: str = "es256"
    timestamps: str | None = None


def local_signer(timestamps: str | None = None) -> Signer:
    """The certificate of this machine, in `credentials` of vino's home; made if there is none."""
    _check_extra()
    folder = _folder()
    if not folder.exists():
        _make(folder)
    return own_signer(folder / _CERTIFICATE, folder / _KEY, timestamps)


def local_certificate() -> str | None:
    """The local chain, or None when it was never made."""
    path = _folder() / _CERTIFICATE
    return _read(path) if path.is_file() else None


def own_signer(certificate: str | Path, key: str | Path, timestamps: str | None = None) -> Signer:
    """The user's certificate chain and private key, PEM files without a password."""
    _check_extra()
    chain, secret = read_certificates(certificate), _read(Path(key))
    return Signer(chain, secret, _algorithm(chain, secret, f"{certificate}, {key}"), timestamps)


def chosen_signer(
    certificate: Path | None = None, key: Path | None = None, timestamps: str | None = None
) -> Signer:
    """The files given, else those the environment names, else this machine's certificate."""
    first = certificate or os.environ.get(CERTIFICATE_VARIABLE)
    second = key or os.environ.get(KEY_VARIABLE)
    if first and second:
        return own_signer(first, second, timestamps)
    if first or second:
        have, lack = ("certificate", "private key") if first else ("private key", "certificate")
        raise InputError(f"a {have} alone cannot sign: give the {lack} too")
    return local_signer(timestamps)


def read_certificates(path: str | Path) -> str:
    """A PEM file of certificates; InputError when it is none."""
    text = _read(Path(path))
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise InputError(f"{path} holds no certificate: give a PEM file")
    return text


def _folder() -> Path:
    return home() / "credentials"


def _check_extra() -> None:
    try:
        import c2pa  # noqa: F401
        import cryptography  # noqa: F401
    except ImportError:
        raise InputError(
            "content credentials need more packages: "
            "install vino again with its extra [credentials]"
        ) from None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("ascii")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is no PEM file") from None


def _algorithm(chain: str, secret: str, where: str) -> str:
    """C2PA's name of what this key signs with; InputError when the two do not belong together."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        certificate = x509.load_pem_x509_certificates(chain.encode())[0]
        key = load_pem_private_key(secret.encode(), password=None)
        belong = certificate.public_key() == key.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(
            f"{where} cannot be used: give PEM files, the key without a password "
            f"({str(error)[:80]})"
        ) from None
    if not belong:
        raise InputError(f"{where}: the key is not the certificate's")
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    raise InputError(f"{where}: C2PA signs with P-256, P-384, P-521, RSA or Ed25519 keys alone")


_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


def _make(folder: Path) -> None:
    """Both files, complete or not at all; of several processes the first is kept."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    root, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    chain = (_certificate(own, root), _certificate(root, root))
    pem = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
    secret = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    temporary = folder.with_name(f".{folder.name}-{secrets.token_hex(8)}")
    try:
        temporary.mkdir(mode=0o700, parents=True)
        _write(temporary / _CERTIFICATE, pem, 0o644)
        _write(temporary / _KEY, secret, 0o600)
        temporary.rename(folder)
    except OSError as error:
        if not folder.is_dir():
            raise InputError(
                f"no certificate can be made in {folder} ({error.strerror}): set VINO_HOME"
            ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write(path: Path, data: bytes, mode: int) -> None:
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _certificate(
    own: "EllipticCurvePrivateKey", root: "EllipticCurvePrivateKey"
) -> "x509.Certificate":
    """The root's certificate when both are the same, else one the root vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    is_root, now = own is root, datetime.now(UTC)

    def name(common: str) -> x509.Name:
        words = {NameOID.ORGANIZATION_NAME: "vino", NameOID.COMMON_NAME: common}
        return x509.Name([x509.NameAttribute(kind, text) for kind, text in words.items()])

    # What the C2PA profile of certificates asks for: uses, key identifiers, and a version.
    uses = dict.fromkeys(_USES, False)
    uses |= {"key_cert_sign": True} if is_root else {"digital_signature": True}
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("local root" if is_root else "this machine"))
        .issuer_name(name("local root"))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**uses), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), False)
    )
    if not is_root:
        email = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(email, False)
    return builder.sign(root, SHA256())


_USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
