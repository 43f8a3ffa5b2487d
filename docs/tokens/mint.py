"""Sign a Gilfoyle playback token with your own Ed25519 or P-256 key. Needs: pip install cryptography.

Make a key:  openssl genpkey -algorithm ed25519 -out private.pem && openssl pkey -in private.pem -pubout
Use:         python mint.py private.pem KEY_ID PROJECT_ID VIDEO_ID TTL_S [MAX_HEIGHT]
"""

import base64
import os
import struct
import sys
import time

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

MEDIA, IMAGES, TEXT = 1 | 2, 4, 8
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def mint(private_key, key_id, project_id, video_id, ttl_s, max_height=None, scope=MEDIA | IMAGES | TEXT):
    now = int(time.time())
    session = os.urandom(8)  # keep it to revoke this viewer alone
    body = struct.pack(">BBII8s", 1, scope, now, now + ttl_s, session)
    if max_height is not None:
        body += struct.pack(">BBH", 4, 2, max_height)
    message = b"gilfoyle-play-v1\0" + b"\0".join(
        [key_id.encode(), project_id.encode(), video_id.encode(), body]
    )
    return f"{key_id}.{to_text(body)}.{to_text(sign(private_key, message))}"


def sign(private_key, message):
    if not isinstance(private_key, ec.EllipticCurvePrivateKey):
        return private_key.sign(message)  # Ed25519
    r, s = decode_dss_signature(private_key.sign(message, ec.ECDSA(SHA256())))
    s = min(s, P256_ORDER - s)  # of the two, the smaller one counts
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def to_text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


if __name__ == "__main__":
    path, key_id, project_id, video_id, ttl_s, *more = sys.argv[1:]
    with open(path, "rb") as file:
        private_key = load_pem_private_key(file.read(), None)
    print(mint(private_key, key_id, project_id, video_id, int(ttl_s), int(more[0]) if more else None))
