"""Asks the gate about tokens as fast as one core can: `python -m tests.benchmarks.delivery_tokens FOLDER`.

The folder is a token's, as an address names it. Prints answers a second, as JSON: of tokens that the process has not
seen before, and of one that it has.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import django

NEW, AGAIN = 20_000, 100_000


def main() -> None:
    """Measure and print."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after the set-up, as all that follow

    from streaming.addresses import parse_stored_file  # noqa: PLC0415
    from streaming.admission import admission  # noqa: PLC0415
    from streaming.gate import Site, Wish  # noqa: PLC0415
    from streaming.tokens.claims import derive_secret, parse_token, sign_token  # noqa: PLC0415

    file = parse_stored_file(f"{sys.argv[1]}v500/00000.m4s")
    if file is None:
        raise SystemExit(sys.argv[1])
    video, token = file.video, parse_token(file.video.token)
    secret = derive_secret(settings.GILFOYLE_ROOT_SECRET, token.key_id)

    def sign(number: int) -> str:
        return sign_token(
            key_id=token.key_id,
            secret=secret,
            project_id=video.project_id,
            video_id=video.video_id,
            claims=replace(token.claims, session=number.to_bytes(8, "big")),
        )

    def ask(tokens: list[str]) -> float:
        wishes = [
            Wish(replace(video, token=text), file.file_class, rendition=file.rendition) for text in tokens
        ]
        begun, now_s = time.process_time(), time.time()
        for wish in wishes:
            admission.admit(wish, site=Site(), now_s=now_s)
        return len(tokens) / (time.process_time() - begun)

    ask([sign(0)])
    measured = {"a token not seen before (HMAC)": ask([sign(number) for number in range(1, NEW)])}
    measured["a token seen before"] = ask([sign(0)] * AGAIN)
    sys.stdout.write(json.dumps(measured) + "\n")


if __name__ == "__main__":
    main()
