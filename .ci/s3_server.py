"""A real S3-compatible server for the tests: OpenStack Swift with s3api, all of it on the loopback address.

Usage: `s3_server.py FOLDER PORT` (five ports from PORT on), under a Python with .ci/s3_server.lock installed. Key
`test:tester`, secret `testing`. It runs until it gets a signal, or one of its parts ends.
"""

import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent
KEEPERS = ("object", "container", "account")

SWIFT = """
[swift-hash]
swift_hash_path_prefix = gilfoyle
swift_hash_path_suffix = tests
[storage-policy:0]
name = only
default = yes
"""
EVERYONE = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {etc}
user = {user}
workers = {workers}
devices = {devices}
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
"""
KEEPER = """
[pipeline:main]
pipeline = {role}-server
[app:{role}-server]
use = egg:swift#{role}
"""
# Each filter's own options; those without any are only named.
FILTERS = {
    "catch_errors": "",
    "cache": "memcache_servers = 127.0.0.1:{no_cache}",
    "listing_formats": "",
    "bulk": "",
    "s3api": "location = us-east-1\ndns_compliant_bucket_names = true",
    "tempauth": "user_test_tester = testing .admin",
    "copy": "",
    "slo": "",
    "dlo": "",
    "versioned_writes": "allow_versioned_writes = true",
    "symlink": "",
}


def write_settings(etc: Path, devices: Path, ports: dict[str, int]) -> None:
    """Write what each part reads."""
    user = pwd.getpwuid(os.getuid()).pw_name
    (etc / "swift.conf").write_text(SWIFT)
    for role, port in ports.items():
        shared = EVERYONE.format(
            port=port, etc=etc, user=user, devices=devices, workers=1 if role == "proxy" else 0
        )
        own = proxy_settings(max(ports.values()) + 1) if role == "proxy" else KEEPER.format(role=role)
        (etc / f"{role}.conf").write_text(shared + own)


def proxy_settings(no_cache: int) -> str:
    """Return the proxy's pipeline; nobody listens on the cache's port, and Swift does without."""
    egg = {"cache": "memcache"}
    parts = [f"[pipeline:main]\npipeline = {' '.join(FILTERS)} proxy-server"]
    parts.append("[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true")
    for name, options in FILTERS.items():
        parts.append(
            f"[filter:{name}]\nuse = egg:swift#{egg.get(name, name)}\n{options.format(no_cache=no_cache)}"
        )
    return "\n".join(parts) + "\n"


def build_rings(etc: Path, ports: dict[str, int]) -> None:
    """Tell each ring of its one device."""
    for role in KEEPERS:
        ring = [str(BIN / "swift-ring-builder"), str(etc / f"{role}.builder")]
        device = f"r1z1-127.0.0.1:{ports[role]}/disk"
        for words, is_checked in (
            (("create", "4", "1", "1"), True),
            (("add", device, "1"), True),
            (("rebalance",), False),
        ):
            # A rebalance that had nothing to do says so by its exit code.
            subprocess.run([*ring, *words], check=is_checked, stdout=subprocess.DEVNULL)


def main(folder: Path, port: int) -> int:
    """Run until told to stop."""
    etc, devices = folder / "etc", folder / "devices"
    ports = {role: port + number for number, role in enumerate(("proxy", *KEEPERS))}
    if not etc.exists():  # else it is started again, with what it has
        (devices / "disk").mkdir(parents=True)
        etc.mkdir()
        write_settings(etc, devices, ports)
        build_rings(etc, ports)
    processes = [
        subprocess.Popen([str(BIN / f"swift-{role}-server"), str(etc / f"{role}.conf")])
        for role in (*KEEPERS, "proxy")
    ]
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: stopping.append(number))
    while not stopping and all(process.poll() is None for process in processes):
        time.sleep(0.2)
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()
    return 0 if stopping else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), int(sys.argv[2])))
