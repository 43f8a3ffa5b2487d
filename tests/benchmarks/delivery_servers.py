"""Who sends the segments of the delivery benchmark: nginx alone, Gilfoyle alone, and the two together."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from streaming.presigning import CdnSigner, plan_validity
from tests.benchmarks.upload_servers import manage, running
from tests.embedded import OWN_VARIABLES, ROOT, free_port

WORKERS = 2
SECRET = "of-this-benchmark-alone-and-of-nothing-else-0123456789"


@dataclass(frozen=True, slots=True)
class Contender:
    """A way to send: its name, the address of a folder with renditions, and the processes that work for it."""

    name: str
    folder: str
    pids: tuple[int, ...]
    address_of: Callable[[str], str] | None = (
        None  # of a file of it, where that is not the folder and the name
    )

    def find(self, file: str) -> str:
        """Return the address of a file, named by its rendition and number."""
        return self.address_of(file) if self.address_of is not None else self.folder + file

    def cpu_s(self) -> float:
        """Return the CPU seconds of all its processes so far."""
        mains = [psutil.Process(pid) for pid in self.pids]
        all_of_them = [process for main in mains for process in (main, *main.children(recursive=True))]
        return sum(times.user + times.system for times in (one.cpu_times() for one in all_of_them))


@dataclass(frozen=True, slots=True)
class Material:
    """The video: its folder below `/play/`, and that of its objects in the store."""

    environment: Mapping[str, str]
    play: str
    stored: str
    media: Path


def make_material(folder: Path) -> Material:
    """Make a Gilfoyle's data with one video."""
    data = folder / "data"
    data.mkdir(parents=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(OWN_VARIABLES)} | {
        "GILFOYLE_DATA_DIR": str(data),
        "GILFOYLE_SECRET_KEY": SECRET,
        "GILFOYLE_BROKER_URL": "stub",
        "GILFOYLE_LOG_LEVEL": "error",
        "DJANGO_SETTINGS_MODULE": "gilfoyle.settings",
    }
    environment["GILFOYLE_SETTINGS"] = str(_settings(folder, "direct"))
    manage(environment, "migrate", "--verbosity", "0")
    placed = json.loads(manage(environment, program=("-m", "tests.benchmarks.delivery_material")))
    return Material(environment, placed["play"], placed["stored"], data / "media")


def _settings(folder: Path, delivery: str) -> Path:
    path = folder / f"{delivery}.yaml"
    path.write_text(f"playback:\n  delivery: {delivery}\n")
    return path


@contextmanager
def contenders(folder: Path, material: Material) -> Iterator[list[Contender]]:
    """Run all of them; who has nothing to do costs nothing."""
    with ExitStack() as stack:
        alone = stack.enter_context(_nginx_alone(folder, material))
        direct = stack.enter_context(_gilfoyle(folder, material, "direct"))
        behind = stack.enter_context(_gilfoyle(folder, material, "x_accel"))
        asking = stack.enter_context(_in_front(folder, material, behind, "nginx.conf"))
        remembering = stack.enter_context(_in_front(folder, material, behind, "nginx-remembering.conf"))
        signed = stack.enter_context(_signed_for(folder, material))
        yield [alone, direct, asking, remembering, signed]


@contextmanager
def _gilfoyle(folder: Path, material: Material, delivery: str) -> Iterator[Contender]:
    port = free_port()
    environment = {
        **material.environment,
        "GILFOYLE_SETTINGS": str(_settings(folder, delivery)),
        "GILFOYLE_PORT": str(port),
        "GILFOYLE_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    argv = [sys.executable, "-m", "gunicorn", "-c", "python:gilfoyle.web_server", "gilfoyle.wsgi:application"]
    url = f"http://127.0.0.1:{port}"
    with running(argv, environment, folder / f"{delivery}.log", f"{url}/healthz/live") as pid:
        yield Contender(delivery, url + material.play, (pid,))


@contextmanager
def _nginx_alone(folder: Path, material: Material) -> Iterator[Contender]:
    with _small_nginx(folder / "alone", f"location / {{ root {material.media}; }}") as (pid, url):
        yield Contender("nginx alone", f"{url}/{material.stored}/", (pid,))


@contextmanager
def _signed_for(folder: Path, material: Material) -> Iterator[Contender]:
    """Run an nginx that checks what Gilfoyle signs for a CDN, on the same files, and keeps no copy of them."""
    shipped = (ROOT / "docker/nginx-cdn.conf").read_text()
    location = re.search(r"location ~ .*?\{\n(.*?)proxy_pass", shipped, re.DOTALL)
    if location is None:
        raise RuntimeError(shipped)
    head = location[0].removesuffix("proxy_pass").replace("GILFOYLE_CDN_SECRET", SECRET)
    with _small_nginx(folder / "signed", f"{head} alias {material.media}/$folder/$file; }}") as (pid, url):
        signer, validity = CdnSigner(url, SECRET), plan_validity(time.time(), 3600)
        sign = partial(signer.sign, validity=validity, content_type="video/mp4")
        yield Contender("presigned", url, (pid,), address_of=lambda file: sign(f"{material.stored}/{file}"))


@contextmanager
def _small_nginx(folder: Path, location: str) -> Iterator[tuple[int, str]]:
    folder.mkdir()
    port = free_port()
    (folder / "nginx.conf").write_text(
        f"worker_processes {WORKERS};\npid {folder}/pid;\nerror_log {folder}/error.log crit;\n"
        + ("user root;\n" if os.getuid() == 0 else "")
        + "events { worker_connections 4096; }\n"
        "http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;\n"
        f"server {{ listen 127.0.0.1:{port}; {location} }} }}\n"
    )
    with _nginx(folder, f"http://127.0.0.1:{port}/") as pid:
        yield pid, f"http://127.0.0.1:{port}"


@contextmanager
def _in_front(folder: Path, material: Material, behind: Contender, shipped: str) -> Iterator[Contender]:
    own = folder / shipped.removesuffix(".conf")
    own.mkdir()
    port = free_port()
    text = (ROOT / "docker" / shipped).read_text()
    for there, here in {
        "worker_processes auto": f"worker_processes {WORKERS}",
        "/tmp/": f"{own}/",  # noqa: S108 - the text that is replaced, and first: the others bring in paths
        "listen 8080": f"listen 127.0.0.1:{port}",
        "server web:8000": f"server {behind.folder.split('/')[2]}",
        "alias /data/media/": f"alias {material.media}/",
        "root /data/media": f"root {material.media}",
        "/dev/stdout": str(own / "access.log"),
        "/dev/stderr": str(own / "error.log"),
    }.items():
        text = text.replace(there, here)
    if os.getuid() == 0:
        text = f"user root;\n{text}"
    (own / "nginx.conf").write_text(text)
    url = f"http://127.0.0.1:{port}"
    name = "x_accel" if shipped == "nginx.conf" else "x_accel, remembering"
    with _nginx(own, f"{url}/healthz/live") as pid:
        yield Contender(name, url + material.play, (pid, *behind.pids))


@contextmanager
def _nginx(folder: Path, url: str) -> Iterator[int]:
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        message = "nginx is not here: install it (Debian: nginx-light)."
        raise RuntimeError(message)
    argv = [program, "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    with running(argv, dict(os.environ), folder / "out.log", url) as pid:
        yield pid
