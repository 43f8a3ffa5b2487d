"""Makes docs/tokens/vectors.json: tokens with what is asked for, and what any checker must answer.

`python -m tests.streaming.tokens.vectors` writes it anew. All of it is made of fixed keys, so that it comes out the same.
"""

from __future__ import annotations

import dataclasses
import hmac
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streaming.tokens.claims import (
    Algorithm,
    Claims,
    Clip,
    Entry,
    KeyRecord,
    Scope,
    derive_secret,
    encode_claims,
    hash_group,
    hash_origin,
    signed_message,
)
from streaming.tokens.signatures import P256_ORDER
from tests.streaming.tokens.signing import (
    KEY_IDS,
    PROJECT,
    ROOT,
    VIDEO,
    from_base64,
    join,
    raw_p256,
    record,
    sign,
    sign_raw,
)

FILE = Path(__file__).parents[3] / "docs" / "tokens" / "vectors.json"
ALGORITHMS: tuple[Algorithm, ...] = ("H", "E", "P")
AT_S = 1_800_000_000
OTHER_PROJECT, OTHER_VIDEO = "another00000", "vid_" + "b" * 18
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
CLAIMS = Claims(
    Scope.PLAY | Scope.KEY | Scope.IMAGES | Scope.CAPTIONS, AT_S - 60, AT_S + 540, bytes(range(8))
)
ASKED = {"project_id": PROJECT, "video_id": VIDEO, "wants": "media", "rendition": "v720", "origin": None}
# Only of vectors about clips: the segment that is asked for (null: none, but a playlist), and the first and last that have
# anything of the clip, as who knows their times finds; or that a picture is asked for which shows the whole video.
ASKED_OF_CLIPS = ("segment", "opened", "is_of_all")
Vector = dict[str, Any]


def special_keys() -> dict[str, KeyRecord]:
    """Return keys that are not simply active, by their id; each signs with the same secret or pair as the others."""
    changes: dict[str, dict[str, Any]] = {
        "revokd": {"state": "revoked"},
        "retird": {"state": "retiring", "retired_at_s": AT_S - 30},
        "withdr": {"min_issued_at_s": AT_S - 30},
        "shortT": {"max_ttl_s": 599},
        "images": {"scope_mask": Scope.IMAGES},
        "others": {"project_id": OTHER_PROJECT},
    }
    return {key_id: record("E", key_id=key_id, **change) for key_id, change in changes.items()}


def all_keys() -> dict[str, KeyRecord]:
    return {KEY_IDS[one]: record(one) for one in ALGORITHMS} | special_keys()


def vector(name: str, token: str, expect: str, **asked: Any) -> Vector:
    return {"name": name, "token": token, "at_s": AT_S, **ASKED, **asked, "expect": expect}


def signed(name: str, expect: str, algorithm: Algorithm = "H", **changes: Any) -> Vector:
    """Return a vector of a token with other claims than usual; names of what is asked go there."""
    asked = {one: changes.pop(one) for one in (*ASKED, *ASKED_OF_CLIPS, "at_s") if one in changes}
    key_id = changes.pop("key_id", None)
    token = sign(algorithm, dataclasses.replace(CLAIMS, **changes), key_id=key_id)
    return vector(f"{algorithm}: {name}", token, expect, **asked)


def parts_of(algorithm: Algorithm) -> tuple[str, bytes, bytes]:
    key_id, body, signature = sign(algorithm, CLAIMS).split(".")
    return key_id, from_base64(body), from_base64(signature)


def good() -> Iterator[Vector]:
    begun = Entry(KEY_IDS["E"], AT_S - 7200)
    for one in ALGORITHMS:
        yield signed("plain", "allowed", one)
        yield signed("limits that are kept", "allowed", one, max_height=720, tag=hash_group("team-7"))
        yield signed("a later token of a session", "allowed", one, entry=begun, session_ends_at_s=AT_S + 9)
        yield signed("began this second", "allowed", one, not_before_s=AT_S)
        yield signed("the last moment", "allowed", one, at_s=AT_S + 539)
        yield signed("a clock 30 s behind", "allowed", one, at_s=AT_S - 90)
        yield signed("pictures", "allowed", one, wants="images", rendition=None)
        yield signed("subtitles", "allowed", one, wants="text", rendition=None)
        yield signed("sound is no size", "allowed", one, max_height=1, rendition="a0")
    origins = (hash_origin("https://a.example"), hash_origin("https://b.example"))
    for origin in (None, "https://a.example", "https://b.example"):
        yield signed(f"for sites, from {origin}", "allowed", origin_hashes=origins, origin=origin)
    body = encode_claims(CLAIMS) + b"\x7f\x03abc"
    yield by_body("a claim that may be passed over", body, "allowed")


def clips() -> Iterator[Vector]:
    part = Clip(90_000, 120_000)
    for one in ALGORITHMS:
        yield signed("a clip's playlist", "allowed", one, clip=part, segment=None)
        for segment, expect in {21: "clip", 22: "allowed", 29: "allowed", 30: "clip"}.items():
            asked = {"segment": segment, "opened": [22, 29]}
            yield signed(f"a clip, segment {segment}", expect, one, clip=part, **asked)
        yield signed("a clip that has not come", "clip", one, clip=part, segment=22, opened=None)
        yield signed("a clip, by who does not know segments", "clip", one, clip=part, segment=22)
        picture = {"wants": "images", "rendition": None, "is_of_all": True}
        yield signed("a clip, and a picture of all", "clip", one, clip=part, **picture)
        yield signed("no clip, and a picture of all", "allowed", one, **picture)
        yield signed("no clip, any segment", "allowed", one, segment=99_999)
    yield signed("the shortest clip", "allowed", clip=Clip(0, 1), segment=0, opened=[0, 0])
    yield signed("the latest clip", "allowed", clip=Clip(2**32 - 2, 2**32 - 1), segment=None)


def refused_claims() -> Iterator[Vector]:
    origins = (hash_origin("https://a.example"),)
    stranger = Entry("others", AT_S - 60)
    for one in ALGORITHMS:
        yield signed("expired this second", "expired", one, at_s=AT_S + 540)
        yield signed("expired long ago", "expired", one, at_s=AT_S + 10**6)
        yield signed("from the future", "not_yet", one, at_s=AT_S - 91)
        yield signed("begins later", "not_before", one, not_before_s=AT_S + 1)
        yield signed("ends before it was issued", "expired", one, expires_at_s=AT_S - 61)
        yield signed("no life at all", "ttl", one, issued_at_s=AT_S + 9, expires_at_s=AT_S + 9)
        yield signed("longer than the key allows", "ttl", one, expires_at_s=AT_S + 43_141)
        yield signed("opens no media", "scope", one, scope=Scope.IMAGES)
        yield signed("opens no pictures", "scope", one, scope=Scope.PLAY, wants="images", rendition=None)
        yield signed("a rendition that is too large", "max_height", one, max_height=719)
        yield signed("a codec that is too large", "max_height", one, max_height=719, rendition="v720av1")
        yield signed("bound to a viewer", "unsupported_limit", one, nonce=bytes(16))
        yield signed("bound to countries", "unsupported_limit", one, countries=("DE",))
        yield signed("began with no key", "entry", one, entry=Entry("nobody", AT_S - 60))
        yield signed("began with a revoked key", "entry", one, entry=Entry("revokd", AT_S - 60))
        yield signed("began with what was withdrawn", "entry", one, entry=Entry("withdr", AT_S - 60))
        yield signed("began after the key was retired", "entry", one, entry=Entry("retird", AT_S - 29))
        yield signed("began in another project", "entry", one, entry=stranger)
        yield signed("another site", "origin", one, origin_hashes=origins, origin="https://b.example")
        yield signed("the same host by http", "origin", one, origin_hashes=origins, origin="http://a.example")
        yield signed("a site without a name", "origin", one, origin_hashes=origins, origin="null")


def refused_keys() -> Iterator[Vector]:
    faults = {"revokd": "key", "nobody": "key", "withdr": "withdrawn", "shortT": "ttl", "images": "scope"}
    for key_id, expect in faults.items():
        yield signed(f"key {key_id}", expect, "E", key_id=key_id)
    yield signed("retired before", "withdrawn", "E", key_id="retird", issued_at_s=AT_S - 29)
    yield signed("retired after", "allowed", "E", key_id="retird", issued_at_s=AT_S - 30)
    yield signed("a key of another project", "project", "E", key_id="others")


def swapped() -> Iterator[Vector]:
    for one in ALGORITHMS:
        token = sign(one, CLAIMS)
        yield vector(f"{one}: another video", token, "signature", video_id=OTHER_VIDEO)
        yield vector(f"{one}: another project", token, "signature", project_id=OTHER_PROJECT)
        _, body, signature = parts_of(one)
        for key_id in (*KEY_IDS.values(), "retird"):
            if key_id != KEY_IDS[one]:
                yield vector(f"{one}: as of key {key_id}", join(key_id, body, signature), "signature")
        for scope in (1, 5, 31, 127):
            wider = encode_claims(dataclasses.replace(CLAIMS, scope=Scope(scope)))
            yield vector(f"{one}: scope {scope}", join(KEY_IDS[one], wider, signature), "signature")


def flipped() -> Iterator[Vector]:
    """One bit of each byte; the tests flip all of them."""
    for one in ALGORITHMS:
        key_id, body, signature = parts_of(one)
        for at in range(2, len(body)):  # the first two are version and scope, which are refused before
            changed = bytearray(body)
            changed[at] ^= 1 << at % 8
            yield vector(f"{one}: body, byte {at}", join(key_id, bytes(changed), signature), "signature")
        for at in range(len(signature)):
            changed = bytearray(signature)
            changed[at] ^= 1 << at % 8
            yield vector(f"{one}: signature, byte {at}", join(key_id, body, bytes(changed)), "signature")


def forged() -> Iterator[Vector]:
    for one in ALGORITHMS[1:]:
        key_id, body, _ = parts_of(one)
        message = signed_message(key_id, PROJECT, VIDEO, body)
        public = all_keys()[key_id].public_key
        for name, secret in {
            "PEM": public.encode(),
            "stripped PEM": public.strip().encode(),
            "nothing": b"",
        }.items():
            digest = hmac.digest(secret, message, "sha256")
            for signature in (digest[:16], digest, digest * 2):
                name_of = f"{one}: HMAC with the public key ({name}), {len(signature)} bytes"
                yield vector(name_of, join(key_id, body, signature), "signature")
        yield vector(f"{one}: a signature of zeros", join(key_id, body, bytes(64)), "signature")
    key_id, body, _ = parts_of("P")
    r, s = raw_p256(signed_message(key_id, PROJECT, VIDEO, body))
    for name, pair in {
        "the larger s": (r, P256_ORDER - s),
        "r is 0": (0, s),
        "s is 0": (r, 0),
        "r is the order": (P256_ORDER, s),
        "r and s are 1": (1, 1),
    }.items():
        both = b"".join(part.to_bytes(32, "big") for part in pair)
        yield vector(f"P: {name}", join(key_id, body, both), "signature")
    key_id, body, signature = parts_of("E")
    s = int.from_bytes(signature[32:], "little") + ED25519_ORDER
    yield vector(
        "E: s plus the order", join(key_id, body, signature[:32] + s.to_bytes(32, "little")), "signature"
    )
    _, body, signature = parts_of("H")
    for length in (17, 32, 64):
        longer = (signature * 4)[:length]
        yield vector(f"H: {length} bytes", join(KEY_IDS["H"], body, longer), "signature")


def by_body(name: str, body: bytes, expect: str) -> Vector:
    """Return a vector of a body that is signed as it is, so that its fault alone decides."""
    key_id = KEY_IDS["H"]
    signature = sign_raw("H", signed_message(key_id, PROJECT, VIDEO, body))
    return vector(f"body: {name}", join(key_id, body, signature), expect)


def broken_bodies() -> Iterator[Vector]:
    plain = encode_claims(CLAIMS)
    yield by_body("version 0", b"\0" + plain[1:], "version")
    yield by_body("version 2", b"\2" + plain[1:], "version")
    yield by_body("a scope that there is not", plain[:1] + b"\x80" + plain[2:], "scope_unknown")
    yield by_body("an unknown critical claim", plain + b"\xff\x00", "claim_unknown")
    yield by_body("the first unknown critical claim", plain + b"\x83\x00", "claim_unknown")
    yield by_body("a claim without its length", plain + b"\x04", "claim_cut")
    yield by_body("a claim that is cut", plain + b"\x04\x02\x01", "claim_cut")
    yield by_body("a claim twice", plain + b"\x04\x02\x02\xd0" * 2, "claim_twice")
    yield by_body("an unknown claim twice", plain + b"\x7f\x00" * 2, "claim_twice")
    lengths = {
        1: (0, 7, 72),
        2: (15, 17),
        3: (7, 9),
        4: (1, 3),
        5: (0, 3),
        6: (3, 5),
        128: (7, 9),
        129: (3, 5),
    }
    for kind, wrong in {**lengths, 130: (9, 11)}.items():
        for length in wrong:
            claim = bytes((kind, length)) + b"1" * length
            yield by_body(f"claim {kind} of {length} bytes", plain + claim, "claim_length")
    yield by_body("countries in small letters", plain + b"\x05\x02de", "claim_content")
    yield by_body("a clip without an end", plain + b"\x80\x08" + struct.pack(">II", 5, 5), "claim_content")
    yield by_body("a clip backwards", plain + b"\x80\x08" + struct.pack(">II", 6, 5), "claim_content")
    yield by_body("began with no id", plain + b"\x82\x0aab\0def" + bytes(4), "claim_content")


def other_spellings() -> Iterator[Vector]:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = sign("H", CLAIMS)
    last = letters.index(token[-1])
    for spare in range(1, 16):
        yield vector(f"spare bits {spare}", token[:-1] + letters[last ^ spare], "base64")
    key_id, body, signature = token.split(".")
    for name, text in {
        "padded": token + "==",
        "three letters more": token + "AAA",
        "a letter less in the body": f"{key_id}.{body[:-1]}.{signature}",
        "a dot more": f"{token}.",
        "two parts": f"{body}.{signature}",
        "four parts": f"{token}.{signature}",
        "a space before": f" {token}",
        "a line end": f"{token}\n",
        "another alphabet": token.replace("-", "+").replace("_", "/") + "+",
        "a short key id": token[1:],
        "a long key id": f"a{token}",
        "too long": f"{key_id}.{body + 'A' * 200}.{signature}",
        "a short body": f"{key_id}.{body[:20]}.{signature}",
        "a short signature": token[:-8],
        "letters of other scripts": token.replace("k", "\uff4b"),
        "nothing": "",
    }.items():
        yield vector(name, text, "base64" if name == "three letters more" else "shape")


def all_vectors() -> list[Vector]:
    families = (
        good,
        clips,
        refused_claims,
        refused_keys,
        swapped,
        flipped,
        forged,
        broken_bodies,
        other_spellings,
    )
    return [one for family in families for one in family()]


def described_key(key: KeyRecord) -> dict[str, Any]:
    facts = {**dataclasses.asdict(key), "scope_mask": int(key.scope_mask)}
    is_own = key.algorithm == "H"
    return {**facts, "secret": derive_secret(ROOT, key.key_id).hex() if is_own else None}


def render() -> str:
    """Return the file's text: one vector a line."""
    keys = ",\n".join(json.dumps(described_key(key)) for key in all_keys().values())
    vectors = ",\n".join(json.dumps(one) for one in all_vectors())
    return f'{{"keys": [\n{keys}\n], "vectors": [\n{vectors}\n]}}\n'


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
