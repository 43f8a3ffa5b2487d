"""What encrypting segments costs beside encoding them: `python -m tests.benchmarks.encryption [CACHE]` prints it.

A natural minute of 1080p goes through the engine; then every stored segment is encrypted, as when it is published, and
decrypted, as when it is read back. CPU seconds, so that a busy machine tells much the same.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.benchmarks.material import long_video
from tests.benchmarks.workers import work
from videos.segment_cipher import SegmentCipher

MINUTES = 1
Segments = list[tuple[str, int, bytes]]  # rendition, number, bytes


def measure(cache: Path) -> str:
    """Encode, encrypt, decrypt, and tell."""
    segments: Segments = []

    def keep(data: Path) -> None:
        paths = sorted(data.rglob("*.m4s"))
        segments.extend((path.parent.name, int(path.stem), path.read_bytes()) for path in paths)

    encoding_s = sum(work(long_video(cache, minutes=MINUTES, codec="h264"), look=keep).cpu_s.values())
    cipher = SegmentCipher(bytes(32))
    began_s = time.process_time()
    stored = [cipher.encrypt(data, rendition=name, number=number) for name, number, data in segments]
    encrypting_s = time.process_time() - began_s
    began_s = time.process_time()
    for (name, number, _), data in zip(segments, stored, strict=True):
        cipher.decrypt(data, rendition=name, number=number)
    decrypting_s = time.process_time() - began_s
    clear_bytes = sum(len(data) for _, _, data in segments)
    more_bytes = sum(map(len, stored)) - clear_bytes
    return "\n".join(
        (
            f"{len(segments)} segments, {clear_bytes / 1e6:.1f} MB, of {MINUTES} minute of 1080p",
            f"all work on them {encoding_s:9.3f} CPU s",
            (
                f"encrypting       {encrypting_s:9.3f} CPU s, {encrypting_s / encoding_s:.3%} of that, "
                f"{clear_bytes / encrypting_s / 1e6:.0f} MB/s"
            ),
            f"decrypting       {decrypting_s:9.3f} CPU s, {clear_bytes / decrypting_s / 1e6:.0f} MB/s",
            (
                f"larger by        {more_bytes:9d} bytes, {more_bytes / clear_bytes:.4%}, "
                f"{more_bytes / len(segments):.1f} a segment"
            ),
        )
    )


if __name__ == "__main__":
    where = Path(sys.argv[1]) if sys.argv[1:] else Path.home() / ".cache/gilfoyle-benchmarks"
    sys.stdout.write(measure(where) + "\n")
