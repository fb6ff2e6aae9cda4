"""Detached signatures of artifacts: ed25519 over the bytes of the file, in a small JSON file beside it.

`answer.st.sig` beside `answer.st` says who vouches for it; the file itself does not change. Needs the extra `sign`.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from selftaught.archive import content_of
from selftaught.errors import PackageMissing, SignatureError

ALGORITHM = "ed25519"
LARGEST_SIGNATURE = 4096


def signature_file(path: Path) -> Path:
    """Return where the signature of an artifact is kept."""
    return path.with_name(path.name + ".sig")


def make_key(path: str | Path) -> Path:
    """Make a private key that only its owner can read, and the public key beside it with the ending `.pub`; return the latter.

    Raises:
        SignatureError: there is a file already, or it cannot be written. PackageMissing: see `sign`.
    """
    serialization, keys = _cryptography()
    private, made = Path(path), keys.Ed25519PrivateKey.generate()
    public = private.with_name(private.name + ".pub")
    secret = made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    shown = made.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secret)
        public.write_bytes(shown)
    except OSError as error:
        raise SignatureError(f"The key {private} cannot be made: {error.strerror}. An existing one is never replaced.") from error
    return public


def sign(path: str | Path, key: str | Path) -> Path:
    """Sign an artifact and return the signature's file.

    Args:
        path: the artifact.
        key: the private key (ed25519, PEM, without a password).

    Raises:
        ArtifactError: there is no artifact. SignatureError: the key cannot be used. PackageMissing: `cryptography` is not here.
    """
    source = Path(path)
    content, private = content_of(source), _key(Path(key), private=True)
    written = {
        "algorithm": ALGORITHM, "key": _fingerprint(private.public_key()), "sha256": hashlib.sha256(content).hexdigest(),
        "signature": base64.b64encode(private.sign(content)).decode(),
    }  # fmt: skip
    target = signature_file(source)
    half = target.with_name(target.name + ".part")
    try:
        half.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
        half.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink()
        raise SignatureError(f"{target} cannot be written: {error.strerror}.") from error
    return target


def verify(path: str | Path, key: str | Path) -> str:
    """Check that the owner of a public key signed just this file; return the fingerprint of the key.

    Args:
        path: the artifact, with its signature beside it.
        key: the public key (ed25519, PEM).

    Raises:
        ArtifactError: there is no artifact. SignatureError: no signature, a broken one, or another's. PackageMissing: see `sign`.
    """
    return check(content_of(Path(path)), Path(path), key)


def check(content: bytes, path: Path, key: str | Path) -> str:
    """Check the signature of an artifact whose bytes were read already; see `verify`."""
    public = _key(Path(key), private=False)
    found, mine = _signature(path), _fingerprint(public)
    if found["key"] != mine:
        raise SignatureError(f"{path} is signed with the key {found['key'][:80]!r}, not with {mine!r}.")
    try:
        public.verify(base64.b64decode(found["signature"], validate=True), content)
    except (_invalid(), ValueError) as error:
        raise SignatureError(f"{path} was changed after it was signed, or its signature is broken. Do not use it.") from error
    return mine


def _signature(path: Path) -> dict[str, str]:
    source = signature_file(path)
    try:
        with source.open("rb") as file:
            content = file.read(LARGEST_SIGNATURE + 1)
        found: Any = json.loads(content) if len(content) <= LARGEST_SIGNATURE else None
    except FileNotFoundError as error:
        raise SignatureError(f"{path} is not signed: there is no {source.name} beside it.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise SignatureError(f"{source} is no signature: {type(error).__name__}.") from error
    names = {"algorithm", "key", "sha256", "signature"}
    fits = isinstance(found, dict) and set(found) == names and all(isinstance(value, str) for value in found.values())
    if not fits or found["algorithm"] != ALGORITHM:
        raise SignatureError(f"{source} is no signature: expected {', '.join(sorted(names))}, with the algorithm {ALGORITHM}.")
    return found


def _key(path: Path, *, private: bool) -> Any:
    serialization, keys = _cryptography()
    wanted = f"{'a private' if private else 'a public'} ed25519 key in PEM form"
    try:
        content = path.read_bytes()
        found = serialization.load_pem_private_key(content, None) if private else serialization.load_pem_public_key(content)
    except OSError as error:
        raise SignatureError(f"The key {path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError) as error:
        raise SignatureError(f"{path} is not {wanted} without a password.") from error
    except _unsupported() as error:
        raise SignatureError(f"{path} is not {wanted}.") from error
    if not isinstance(found, keys.Ed25519PrivateKey if private else keys.Ed25519PublicKey):
        raise SignatureError(f"{path} is not {wanted}.")
    return found


def _fingerprint(public: Any) -> str:
    serialization, _ = _cryptography()
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _cryptography() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise PackageMissing(
            "Signatures need the package cryptography. Install it with: pip install 'selftaught[sign]'"
        ) from error
    return serialization, ed25519


def _invalid() -> type[Exception]:
    from cryptography.exceptions import InvalidSignature

    return InvalidSignature


def _unsupported() -> type[Exception]:
    from cryptography.exceptions import UnsupportedAlgorithm

    return UnsupportedAlgorithm
