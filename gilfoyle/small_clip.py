"""A small clip made here, for Gilfoyle to try itself on: two seconds of moving grey with a hum, as MP4."""

from __future__ import annotations

import io
import math
import struct

import av

WIDTH, HEIGHT = 320, 180
FRAMES_A_SECOND = 25
SAMPLES_A_SECOND = 48_000
SAMPLES_A_FRAME = 1024  # what AAC takes at once
SECONDS = 2
HUM_HZ = 220


def make_small_clip() -> bytes:
    """Return an MP4 of H.264 and AAC that lasts SECONDS."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as made:
        picture = made.add_stream("libx264", rate=FRAMES_A_SECOND, options={"preset": "ultrafast"})
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = made.add_stream("aac", rate=SAMPLES_A_SECOND, layout="mono")
        for number in range(SECONDS * FRAMES_A_SECOND):
            made.mux(picture.encode(_picture(number)))
        made.mux(picture.encode(None))
        for number in range(SECONDS * SAMPLES_A_SECOND // SAMPLES_A_FRAME):
            made.mux(sound.encode(_sound(number * SAMPLES_A_FRAME)))
        made.mux(sound.encode(None))
    return file.getvalue()


def _picture(number: int) -> av.VideoFrame:
    """Return a frame of stripes that move; each differs from the one before."""
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    light, *colours = frame.planes
    row = bytes(16 + (4 * number + x) % 220 for x in range(light.line_size))
    light.update(row * light.height)
    for plane in colours:
        plane.update(bytes([128]) * plane.buffer_size)
    frame.pts = number
    return frame


def _sound(first: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="fltp", layout="mono", samples=SAMPLES_A_FRAME)
    turn = 2 * math.pi * HUM_HZ / SAMPLES_A_SECOND
    data = b"".join(struct.pack("f", 0.2 * math.sin(turn * (first + at))) for at in range(SAMPLES_A_FRAME))
    plane = frame.planes[0]
    plane.update(data.ljust(plane.buffer_size, b"\0"))
    frame.sample_rate = SAMPLES_A_SECOND
    frame.pts = first
    return frame
