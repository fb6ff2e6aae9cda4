"""A signature holds for the bytes that were signed and the key that signed them, and for nothing else."""

import builtins
import json
import stat

import dspy
import pytest

import selftaught as st
from selftaught.artifact import load, save
from selftaught.errors import ArtifactError, PackageMissing, SignatureError
from selftaught.testing.samples import Shout

pytest.importorskip("cryptography", reason="cryptography is not installed (the extra `sign`)")

from selftaught.signing import make_key, sign, signature_file, verify


@pytest.fixture
def signed(tmp_path):
    """An artifact, its private and its public key."""
    path, key = save(st.Predict(Shout), tmp_path / "program.st"), tmp_path / "key.pem"
    public = make_key(key)
    sign(path, key)
    return path, key, public


def test_what_was_signed_is_verified_and_loads(signed):
    path, _, public = signed
    assert verify(path, public).startswith("sha256:")
    assert type(load(path, signed_by=public)) is st.Predict


def test_a_changed_file_is_refused_even_where_its_own_hashes_are_right(signed):
    path, _, public = signed
    program = load(path)
    program.demos = [dspy.Example(word="a", shouted="EVIL")]
    save(program, path)
    for use in (lambda: verify(path, public), lambda: load(path, signed_by=public)):
        with pytest.raises(SignatureError, match="changed after it was signed"):
            use()


def test_every_changed_byte_is_noticed(signed):
    path, _, public = signed
    whole = path.read_bytes()
    for place in range(0, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(SignatureError):
            verify(path, public)


def test_another_key_and_no_signature_are_refused(signed, tmp_path):
    path, _, public = signed
    with pytest.raises(SignatureError, match="is signed with the key"):
        verify(path, make_key(tmp_path / "other.pem"))
    signature_file(path).unlink()
    for use in (lambda: verify(path, public), lambda: load(path, signed_by=public)):
        with pytest.raises(SignatureError, match="not signed"):
            use()
    assert load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: "", lambda s: "[]", lambda s: "{", lambda s: "x" * 5000, lambda s: json.dumps({**s, "algorithm": "none"}), lambda s: json.dumps({**s, "more": "x"}),
        lambda s: json.dumps({**s, "signature": ""}), lambda s: json.dumps({**s, "signature": "%%"}), lambda s: json.dumps({**s, "signature": 7}),
        lambda s: json.dumps({**s, "signature": s["signature"][:-8] + "AAAAAAA="}), lambda s: "[" * 4000,
    ],
)  # fmt: skip
def test_a_broken_signature_is_refused(signed, change):
    path, _, public = signed
    signature_file(path).write_text(change(json.loads(signature_file(path).read_text())))
    with pytest.raises(SignatureError):
        verify(path, public)


def test_a_key_is_private_is_never_replaced_and_stays_out_of_the_signature(signed):
    path, key, _ = signed
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with pytest.raises(SignatureError, match="never replaced"):
        make_key(key)
    assert "".join(key.read_text().splitlines()[1:-1]) not in signature_file(path).read_text()


def test_what_is_no_key_is_refused_without_showing_it(signed, tmp_path):
    path, key, public = signed
    (tmp_path / "text").write_text("planted-secret")
    for use in (
        lambda: sign(path, tmp_path / "text"),
        lambda: sign(path, public),
        lambda: verify(path, key),
        lambda: sign(path, tmp_path / "none"),
    ):
        with pytest.raises(SignatureError) as caught:
            use()
        assert "planted-secret" not in str(caught.value)


def test_another_kind_of_key_is_refused(signed, tmp_path):
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    other = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "ec.pem").write_bytes(other.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()))
    with pytest.raises(SignatureError, match="ed25519"):
        sign(signed[0], tmp_path / "ec.pem")


def test_a_missing_artifact_is_an_error_of_its_own(tmp_path):
    make_key(tmp_path / "key.pem")
    with pytest.raises(ArtifactError, match="no artifact"):
        sign(tmp_path / "missing.st", tmp_path / "key.pem")


def test_without_the_package_the_error_has_the_command(signed, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **more):
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PackageMissing, match=r"selftaught\[sign\]"):
        verify(signed[0], signed[2])
