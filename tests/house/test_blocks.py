"""Each block of code on a page of the documentation is tried by a test, which takes it from its page; or it says why not.

A test takes a block by its address (`tests/house/pages.py`): page, heading and language. A block that no test names fails here.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache

from tests.embedded import ROOT
from tests.house.pages import blocks

# As it stands in a test: README.md#first-run/console/2, docs/webhook-bodies.md#*/json.
ADDRESS = re.compile(r'"((?:README|docs/[\w/-]+)\.md#[\w*-]*/[\w{}*-]+(?:/\d+)?)"')
# What can't be run where the tests run, and why. A test looks at it all the same, and names it.
NOT_RUN = {
    "docs/direct-uploads.md#by-curl/console": "It needs a bucket: the journey that has one runs the script.",
    "README.md#first-run/console": "It installs first: what it ends with is looked at, and that is what all journeys start.",
    "docs/start.md#five-minutes-to-the-first-play/console": "The same.",
    "docs/deployment.md#a-cluster-with-kubernetes/console": "There is no cluster: what it names is looked for in the manifests.",
    "docs/deployment.md#upgrade/console": "The same.",
    "docs/deployment.md#one-host-with-compose/console": "There is no Docker: what it names is looked for in the Compose file.",
    "docs/encryption.md#deleting-backups-and-losing-the-key/text": "It leaves the database out, which is yours: its tables are looked for.",
    "docs/observability.md#traces/text": "It asks the package index: the lock that it names is looked at.",
    "docs/release.md#steps/console": "It asks the package index: make is asked what it would do.",
    "docs/release.md#steps/console/2": "It writes into docs/, where tests compare what stands: its words are read by the parser and by make.",
    "docs/release.md#steps/console/4": "It replaces build/release, whose parts tests make: make is asked what it would do.",
    "docs/release.md#the-image-the-same-again/console": "There is no Docker: its arguments are looked for in the Dockerfile.",
    "docs/audit.md#how-it-is-kept/indented": "A formula: an entry is hashed by it.",
    "docs/contributing.md#begin/console": "It runs all tests and checks: what CI types itself is compared with it.",
    "docs/contributing.md#the-map-of-the-house/text": "A picture, compared with the walls.",
    "docs/faults.md#how-it-is-tried/indented": "It takes an hour: its options are read by its own parser.",
    "docs/guides/mobile.md#android-exoplayer/kotlin": "Nothing compiles Kotlin here: its names and its pattern are tried.",
    "docs/guides/mobile.md#ios-avplayer/swift": "Nothing compiles Swift here: its names are looked at.",
    "docs/observability.md#dashboard-and-alerts/sh": "CI has no promtool (96 MB): what it is given is looked for.",
    "README.md#the-house/text": "A picture, compared with the walls.",
}
# Read by Sphinx alone: `make docs` fails where a page is missing in it.
LISTS_OF_PAGES = "docs/index.md#*/{toctree}*"


@cache
def named() -> dict[str, str]:
    """Return the addresses that tests name, each with one of the files."""
    return {
        address: str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path.name != "test_blocks.py"
        for address in ADDRESS.findall(path.read_text(encoding="utf-8"))
    }


def is_held(address: str) -> bool:
    return any(fnmatchcase(address, one) for one in [*named(), LISTS_OF_PAGES])


def test_each_block_is_tried_by_a_test_or_says_why_not() -> None:
    untried = [f"{code.at(-1)}: {address}" for address, code in blocks().items() if not is_held(address)]
    assert not untried, (
        "No test runs these. Let one take each by `block(ADDRESS)` (tests/docs), or say in NOT_RUN why none can, and let one "
        "look at it:\n" + "\n".join(untried)
    )


def test_what_is_named_is_there() -> None:
    gone = [
        f"{address} in {file}"
        for address, file in {**dict.fromkeys(NOT_RUN, "NOT_RUN"), **named()}.items()
        if not any(fnmatchcase(one, address) for one in blocks())
    ]
    assert gone == []


def test_what_is_not_run_is_looked_at() -> None:
    assert [address for address in NOT_RUN if address not in named()] == []
