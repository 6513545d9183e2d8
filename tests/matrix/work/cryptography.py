"""cryptography: OpenSSL in a Rust module, its error queue, types kept in statics, certificates."""

import datetime

from cryptography import exceptions, fernet, x509
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.x509.oid import NameOID

from ._facts import raised, told

SECRET = bytes(range(32))
NONCE = bytes(12)


def rsa_key() -> rsa.RSAPrivateKey:
    """A key of two Mersenne primes: no secret, and the same every time."""
    p, q, exponent = 2**607 - 1, 2**521 - 1, 65537
    private = pow(exponent, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p,
        q,
        private,
        rsa.rsa_crt_dmp1(private, p),
        rsa.rsa_crt_dmq1(private, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(exponent, p * q),
    )
    return numbers.private_key()


def symmetric() -> dict[str, object]:
    """Ciphers, digests and what they raise."""
    digest = hashes.Hash(hashes.SHA3_256())
    for _ in range(50):
        digest.update(SECRET * 1000)
    sealed = AESGCM(SECRET).encrypt(NONCE, b"data", b"more")
    encryptor = Cipher(algorithms.AES(SECRET), modes.CTR(bytes(16))).encryptor()
    key = PBKDF2HMAC(hashes.SHA256(), 32, b"salt", 20_000).derive(b"password")
    token = fernet.Fernet(fernet.Fernet.generate_key())
    check = hmac.HMAC(SECRET, hashes.SHA256())
    return {
        "digest": digest.copy().finalize().hex(),
        "sealed": sealed.hex(),
        "stream": (encryptor.update(b"abc" * 9) + encryptor.finalize()).hex(),
        "chacha": ChaCha20Poly1305(SECRET).encrypt(NONCE, b"data", None).hex(),
        "key": key.hex(),
        "token": token.decrypt(token.encrypt(b"hello")),
        "tampered": raised(lambda: AESGCM(SECRET).decrypt(NONCE, sealed[:-1] + b"x", b"more")),
        "forged": raised(lambda: check.verify(bytes(32))),
        "ended": raised(lambda: encryptor.update(b"x")),
    }


def asymmetric() -> dict[str, object]:
    """Keys, signatures, exchanges, formats."""
    key = rsa_key()
    message = b"message"
    signature = key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    curve = ec.derive_private_key(4711, ec.SECP256R1())
    signed = curve.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    edwards = ed25519.Ed25519PrivateKey.from_private_bytes(SECRET)
    mine, yours = (x25519.X25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    loaded = serialization.load_pem_private_key(text, b"password")
    verify = key.public_key().verify
    return {
        "signature": signature.hex()[:40],
        "verified": verify(signature, message, padding.PKCS1v15(), hashes.SHA256()),
        "curve": signed.hex(),
        "edwards": edwards.sign(message).hex()[:40],
        "exchanged": mine.exchange(yours.public_key()) == yours.exchange(mine.public_key()),
        "loaded": loaded.private_numbers() == key.private_numbers(),
        "refused": raised(lambda: verify(signature, b"other", padding.PKCS1v15(), hashes.SHA256())),
        "wrong_password": raised(
            lambda: serialization.load_pem_private_key(text, b"x"), with_text=False
        ),
        "no_key": raised(lambda: serialization.load_der_private_key(b"0", None), with_text=False),
        "unsupported": raised(
            lambda: edwards.exchange(b"x"),  # type: ignore[attr-defined]
            with_text=False,
        ),
    }


def certificate() -> dict[str, object]:
    """A certificate, built, read, verified; dates and names are made in Rust."""
    key = ec.derive_private_key(99, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "atoll.example")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(4711)
        .not_valid_before(datetime.datetime(2024, 1, 1))
        .not_valid_after(datetime.datetime(2034, 1, 1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("a.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    read = x509.load_pem_x509_certificate(built.public_bytes(serialization.Encoding.PEM))
    read.verify_directly_issued_by(read)
    return {
        "read": (read == built, read.serial_number, read.subject.rfc4514_string()),
        "dates": (str(read.not_valid_before_utc), str(read.not_valid_after_utc)),
        "extensions": [str(each.value) for each in read.extensions],
        "missing": raised(
            lambda: read.extensions.get_extension_for_class(x509.KeyUsage), with_text=False
        ),
        "is_ours": issubclass(exceptions.InvalidSignature, Exception),
    }


def work() -> str:
    """Do a little of everything."""
    return told(**symmetric(), **asymmetric(), **certificate())
