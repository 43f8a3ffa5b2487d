"""`make chaos`: uploads and encodes on a whole Gilfoyle out of one machine while one thing after another is killed.

At the end it is proved that nothing was lost, stuck, doubled or orphaned, and told how long each kind of fault took to heal.
docs/faults.md says what is promised, and has what was measured.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random

import httpx

from tests.chaos.clients import Sent, Uploader, make_files
from tests.chaos.cluster import Cluster
from tests.chaos.kills import Killer
from tests.chaos.receiver import Receiver
from tests.chaos.report import print_proof, print_table, say
from tests.chaos.troubles import Troubler, all_troubles
from tests.chaos.watching import Watch
from tests.embedded import ROOT

CLIENTS = 4  # who upload at once
SETTLE_S = 900.0
TROUBLE_S = 150.0
NONE_TO_KILL_S = 20.0
NO_CALM_S = 300.0
MOST_OPEN = 3  # faults that are not healed: with more, little is left that could work


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos CHAOS_ARGS=…", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="So many things are killed (20).")
    parser.add_argument("--uploads", type=int, default=10, help="So many files are uploaded (10).")
    parser.add_argument("--seed", type=int, default=1, help="Draws what is killed, and when (1).")
    parser.add_argument(
        "--pause-s", type=float, default=4.0, help="Seconds between two kills, on average (4)."
    )
    parser.add_argument(
        "--troubles",
        action="store_true",
        help="After the kills have all that fails for a while: links, store, disk, clocks.",
    )
    parser.add_argument("--only", default="", help="Of these only those whose name has this pattern in it.")
    parser.add_argument(
        "--folder", action="store_true", help="Store in a shared folder instead of in a bucket: quicker."
    )
    parser.add_argument("--s3-python", type=Path, help="A Python with .ci/s3_server.lock; else one is made.")
    parser.add_argument(
        "--keep", action="store_true", help="Keep the folder with all logs, also where all is well."
    )
    parser.add_argument("--json", type=Path, help="Write what was measured to this file, too.")
    return parser.parse_args()


class Run:
    """One run from its begin to its proof."""

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self.arguments, self.folder = arguments, folder
        self.random = Random(arguments.seed)  # noqa: S311 - repeatable, not secret
        self.stop, self.begun_s = threading.Event(), time.monotonic()
        self.killed = 0
        self.share = 0.0  # of all that is to happen
        self.sent: list[Sent] = []

    def go(self) -> bool:
        """Run; tells whether all was well."""
        self.sent = make_files(self.folder / "files", self.arguments.uploads, self.random)
        with Receiver().running() as receiver:
            python = (
                None if self.arguments.folder else self.arguments.s3_python or _make_s3_python(self.folder)
            )
            cluster = Cluster(
                self.folder, s3_python=python, receiver_port=receiver.port, seed=self.arguments.seed
            )
            with cluster.running(), Watch(cluster).running() as watch:
                self._register(cluster, receiver)
                say(
                    f"Everything runs after {time.monotonic() - self.begun_s:.0f} s; seed {self.arguments.seed}."
                )
                threads = self._begin_uploads(cluster)
                try:
                    self._kill_at_random(cluster, watch)
                    self._have_troubles(cluster, watch)
                    is_settled = self._settle(cluster, watch, threads)
                finally:
                    self.stop.set()
                    for thread in threads:
                        thread.join(60)
                return self._prove(cluster, watch, receiver, is_settled=is_settled)

    def _register(self, cluster: Cluster, receiver: Receiver) -> None:
        headers = {"Authorization": f"Bearer {cluster.api_key}"}
        answer = httpx.post(
            f"{cluster.web_urls()[0]}/api/v1/webhooks",
            json={"url": receiver.url},
            headers=headers,
            timeout=30,
        )
        answer.raise_for_status()

    def _begin_uploads(self, cluster: Cluster) -> list[threading.Thread]:
        """Begin them one after the other, so that they last for as long as things are killed."""
        waiting, lock = list(self.sent), threading.Lock()
        urls = cluster.web_urls()

        def work(number: int) -> None:
            random = Random(self.arguments.seed * 1000 + number)  # noqa: S311 - repeatable, not secret
            while not self.stop.is_set():
                with lock:
                    due = CLIENTS + self.arguments.uploads * self.share
                    is_due = waiting and (len(self.sent) - len(waiting)) < due
                    one = waiting.pop(0) if is_due else None
                    if not waiting and one is None:
                        return
                if one is None:
                    self.stop.wait(0.2)
                else:
                    Uploader(one, urls, cluster.api_key, random, self.stop).run()

        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        return threads

    def _kill_at_random(self, cluster: Cluster, watch: Watch) -> None:
        killer = Killer(cluster, watch, self.random)
        pause_s = self.arguments.pause_s
        schedule = killer.schedule(self.arguments.kills)
        while self.killed < self.arguments.kills:
            kind = schedule.pop(0)
            due_s = time.monotonic() + self.random.uniform(0.2 * pause_s, 1.8 * pause_s)
            give_up_s, calm_s = due_s + NONE_TO_KILL_S, time.monotonic()
            while True:
                _turn(cluster, watch)
                now_s = time.monotonic()
                is_calm = sum(not one.well_at for one in watch.faults) < MOST_OPEN
                if now_s >= due_s and is_calm and killer.kill(kind) is not None:
                    break
                calm_s = now_s if is_calm else calm_s
                if now_s - calm_s > NO_CALM_S:
                    say(f"{MOST_OPEN} faults do not heal: {self._standing(watch)}")
                    return
                if is_calm and now_s >= give_up_s:
                    # There is none of these now: another in its place, and it later.
                    schedule.insert(self.random.randint(1, len(schedule)) if schedule else 0, kind)
                    kind, give_up_s = schedule.pop(0), now_s + NONE_TO_KILL_S
            self.killed += 1
            self.share = self.killed / self.arguments.kills / (2 if self.arguments.troubles else 1)
            if self.killed % 5 == 0:
                say(self._standing(watch))

    def _have_troubles(self, cluster: Cluster, watch: Watch) -> None:
        """Have them one after the other, each once all is well after the last, and while there is work."""
        if not self.arguments.troubles:
            return
        troubler = Troubler(cluster, watch)
        troubles = [one for one in all_troubles(cluster, watch) if re.search(self.arguments.only, one.kind)]
        for number, trouble in enumerate(troubles, start=1):
            self.share = max(self.share, number / len(troubles))
            fault = troubler.go_through(trouble, lambda: _turn(cluster, watch))
            give_up_s = time.monotonic() + TROUBLE_S
            while not fault.well_at and time.monotonic() < give_up_s:
                _turn(cluster, watch)
            after = f"{fault.recovered_s:.1f} s" if fault.well_at else f"not yet: {watch.missing(fault)}"
            say(f"{self._standing(watch)}; {trouble.kind}: well again after {after}")

    def _standing(self, watch: Watch) -> str:
        there = sum(bool(one.acknowledged_s) for one in self.sent)
        videos, steps, *_ = (*watch.unfinished(), -1)
        return (
            f"{time.monotonic() - self.begun_s:6.0f} s: {self.killed} kills, {there} uploads acknowledged, "
            f"{videos} videos and {steps} steps not over"
        )

    def _settle(self, cluster: Cluster, watch: Watch, threads: list[threading.Thread]) -> bool:
        """Wait until nothing is left to do; False where that is never so."""
        give_up_s = time.monotonic() + SETTLE_S
        told_s = time.monotonic()
        while time.monotonic() < give_up_s:
            _turn(cluster, watch)
            over = not any(thread.is_alive() for thread in threads)
            if over and all(one.well_at for one in watch.faults) and not any(watch.unfinished()):
                return True
            if time.monotonic() - told_s > 20:
                told_s = time.monotonic()
                lacking = [f"{one.kind}: {watch.missing(one)}" for one in watch.faults if not one.well_at]
                say(f"{self._standing(watch)}; {watch.unfinished()} {'; '.join(lacking[:4])}")
        say(f"It did not come to rest within {SETTLE_S:.0f} s: {watch.unfinished()}")
        return False

    def _prove(self, cluster: Cluster, watch: Watch, receiver: Receiver, *, is_settled: bool) -> bool:
        facts = self.folder / "facts.json"
        told = [vars(one) for one in self.sent]
        facts.write_text(json.dumps({"sent": told, "received": receiver.received}))
        done = subprocess.run(
            [sys.executable, "-m", "tests.chaos.proof", str(facts)],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env=cluster.environment("tool", self.folder / "tool"),
        )
        if done.returncode:
            say(done.stderr[-4000:])
            return False
        proof = json.loads(done.stdout.splitlines()[-1])
        took_s = time.monotonic() - self.begun_s
        print_table(watch.faults)
        is_well = print_proof(proof, self.sent, took_s=took_s) and is_settled
        if self.arguments.json:
            measured = [(one.kind, one.ended_at - one.began_at, one.recovered_s) for one in watch.faults]
            self.arguments.json.write_text(json.dumps({"proof": proof, "faults": measured, "took_s": took_s}))
        failures = Counter(words[:90] for one in self.sent for words in one.failures)
        say("\n".join(f"  {count:4} times {words}" for words, count in failures.most_common(12)))
        return is_well


def _turn(cluster: Cluster, watch: Watch) -> None:
    cluster.keep()
    watch.look()
    time.sleep(0.05)


def _make_s3_python(folder: Path) -> Path:
    python = folder / "s3-python" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(folder / "s3-python")], check=True)
    pip = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--no-deps",
    ]
    subprocess.run([*pip, "-r", str(ROOT / ".ci" / "s3_server.lock")], check=True)
    return python


def main() -> int:
    """Run; the exit code is 1 where something was not well."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))  # and end all that was started
    arguments = read_arguments()
    folder = Path(tempfile.mkdtemp(prefix="gilfoyle-chaos-"))
    folder.chmod(0o755)  # the servers run as users of their own
    is_well = False
    try:
        is_well = Run(arguments, folder).go()
    finally:
        if is_well and not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            say(f"The logs are in {folder}.")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
