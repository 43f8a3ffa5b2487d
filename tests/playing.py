"""A player without a screen: reads a video's HLS over HTTP as players do, and counts what it gets."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx
import imageio_ffmpeg


@dataclass(frozen=True)
class Decoded:
    """What a decoder made of a stream."""

    frames: int
    duration_s: float


def decode(url_or_path: str, *, stream: str = "0:v:0") -> Decoded:
    """Decode one stream of a media playlist or a file to its end, dropping and doubling no frame; any complaint fails.

    Of a master playlist too, but then complaints are not counted: ffmpeg parses the first packets of every variant
    before it has read their init segments, and says so.
    """
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-i", url_or_path, "-map", stream]
    argv += ["-fps_mode", "passthrough", "-f", "null", "-progress", "-", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert url_or_path.endswith("master.m3u8") or not done.stderr.strip(), done.stderr
    frames = re.findall(r"^frame=(\d+)", done.stdout, re.MULTILINE)
    times = re.findall(r"^out_time_us=(-?\d+)", done.stdout, re.MULTILINE)
    return Decoded(int(frames[-1]) if frames else 0, int(times[-1]) / 1_000_000)


@dataclass(frozen=True)
class MediaPlaylist:
    """A media playlist, taken apart."""

    url: str
    text: str

    @property
    def is_complete(self) -> bool:
        return "#EXT-X-ENDLIST" in self.text

    @property
    def durations_s(self) -> list[float]:
        return [float(value) for value in re.findall(r"#EXTINF:([\d.]+)", self.text)]

    @property
    def segment_urls(self) -> list[str]:
        return [
            urljoin(self.url, line) for line in self.text.splitlines() if line and not line.startswith("#")
        ]

    @property
    def init_url(self) -> str:
        found = re.search(r'#EXT-X-MAP:URI="([^"]+)"', self.text)
        assert found, self.text
        return str(urljoin(self.url, found[1]))


def media_playlists(client: httpx.Client, master_url: str) -> list[MediaPlaylist]:
    """Fetch every media playlist that a master names, variants first, then audio."""
    master = client.get(master_url)
    assert master.status_code == 200, master.text
    names = [line for line in master.text.splitlines() if line and not line.startswith("#")]
    names += re.findall(r'#EXT-X-MEDIA:.*URI="([^"]+)"', master.text)
    playlists = []
    for name in dict.fromkeys(names):
        url = urljoin(master_url, name)
        answer = client.get(url)
        assert answer.status_code == 200, answer.text
        playlists.append(MediaPlaylist(url, answer.text))
    return playlists


def all_bytes(client: httpx.Client, master_url: str) -> dict[str, bytes]:
    """Fetch everything that a player can get: address to body, playlists included."""
    bodies = {master_url: client.get(master_url).content}
    for playlist in media_playlists(client, master_url):
        bodies[playlist.url] = playlist.text.encode()
        for url in [playlist.init_url, *playlist.segment_urls]:
            answer = client.get(url)
            assert answer.status_code == 200, url
            bodies[url] = answer.content
    return bodies
