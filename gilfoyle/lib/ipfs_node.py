"""The node of IPFS that holds our objects, and the cluster that keeps copies of them: what is asked of their HTTP APIs.

The node's RPC is Kubo's. It sees ciphertext and no names; whoever else reaches it can remove everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from gilfoyle.lib.bucket import Pieces
from gilfoyle.lib.errors import NoSpace
from gilfoyle.lib.ipfs_settings import IpfsSettings
from gilfoyle.lib.storage_faults import FULL, FULL_HINT, ObjectMissing, StorageFault

CONNECT_S = 5.0
CID = re.compile(r"b[a-z2-7]{50,120}")  # version 1, base32
# What a node answers is the same for all versions and kinds of nodes only if it is told all of this.
ADDED_AS = {"cid-version": "1", "cid-base": "base32", "raw-leaves": "true", "progress": "false"}
FULL_WORDS = ("no space left", "disk quota", "enospc", "storage limit exceeded")
MISSING_WORDS = ("not found locally", "could not find", "not found", "merkledag: not found")
NOT_PINNED_WORDS = ("not pinned",)


@dataclass(frozen=True, slots=True)
class Permission:
    """What a server is shown: `basic:USER:PASSWORD` or `bearer:TOKEN`, as Kubo's own settings write it; "": nothing."""

    text: str

    def as_auth(self) -> httpx.Auth | None:
        kind, _, rest = self.text.partition(":")
        if kind == "basic":
            return httpx.BasicAuth(*rest.split(":", 1))
        return _Bearer(rest) if kind == "bearer" else None

    def __repr__(self) -> str:
        return "Permission(…)"


class _Bearer(httpx.Auth):
    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class _Server:
    """One of the servers. Its client may be used by any thread."""

    def __init__(self, url: str, permission: str, timeout_s: float) -> None:
        self.url = url
        timeout = httpx.Timeout(timeout_s, connect=CONNECT_S)
        # Neither a proxy nor a password of the environment is for these servers.
        self.client = httpx.Client(
            base_url=url, auth=Permission(permission).as_auth(), timeout=timeout, trust_env=False
        )


class IpfsNode(_Server):
    """A node's RPC."""

    def add(self, pieces: Iterable[bytes]) -> str:
        """Store the pieces in constant memory and return their CID. They are not pinned yet: nothing keeps them.

        Raises: NoSpace, StorageFault; whatever the iterable raises.
        """
        source = Pieces(pieces)
        try:
            # "object" is told instead of a name, which the multipart format must have.
            lines = self._ask("add", {**ADDED_AS, "pin": "false"}, body=source).splitlines()
        except StorageFault:
            if source.error is not None:
                raise source.error from None
            raise
        cid = str(_told(lines[-1] if lines else b"").get("Hash", ""))
        if not CID.fullmatch(cid):
            # What goes wrong on the way is told behind an answer that began well.
            raise _fault_of("IPFS node", lines[-1].decode(errors="replace") if lines else "nothing", 200, "")
        return cid

    def pin(self, cid: str) -> None:
        """Let the node keep an object. Raises: StorageFault where the node has not got all of it."""
        self._ask("pin/add", {"arg": cid, "recursive": "true"})

    def unpin(self, cid: str) -> None:
        """Let the node forget an object when it next collects its garbage; no fault where it is not pinned.

        Raises: StorageFault.
        """
        self._ask("pin/rm", {"arg": cid, "recursive": "true"}, is_fine=NOT_PINNED_WORDS)

    def is_pinned(self, cid: str) -> bool:
        """Raises: StorageFault."""
        asked = {"arg": cid, "type": "recursive", "cid-base": "base32"}
        return cid.encode() in self._ask("pin/ls", asked, is_fine=NOT_PINNED_WORDS)

    def read(self, cid: str, first: int, length: int) -> bytes:
        """Return a part of an object.

        Raises: ObjectMissing, StorageFault.
        """
        return self._ask("cat", {"arg": cid, "offset": str(first), "length": str(length)})

    def version(self) -> str:
        """Return what the node calls itself.

        Raises: StorageFault.
        """
        return str(_told(self._ask("version", {})).get("Version", ""))

    def _ask(
        self, call: str, asked: dict[str, str], *, body: Any = None, is_fine: tuple[str, ...] = ()
    ) -> bytes:
        files = None if body is None else {"file": ("object", body, "application/octet-stream")}
        with _faults("IPFS node", asked.get("arg", "")):
            answer = self.client.post(f"/api/v0/{call}", params=asked, files=files)
            if answer.is_success:
                return answer.content
        words = _words(answer, answer.content)
        if any(fine in words.lower() for fine in is_fine):
            return b""
        raise _fault_of("IPFS node", words, answer.status_code, asked.get("arg", ""))


class IpfsGateway(_Server):
    """A gateway, which can do nothing but read."""

    def read(self, cid: str, first: int, length: int) -> bytes:
        """Return a part of an object.

        Raises: ObjectMissing, StorageFault.
        """
        headers = {"Range": f"bytes={first}-{first + length - 1}"}
        with (
            _faults("IPFS gateway", cid),
            self.client.stream("GET", f"/ipfs/{cid}", headers=headers) as answer,
        ):
            if answer.status_code == httpx.codes.PARTIAL_CONTENT:
                return answer.read()
            # One that does not know ranges would send all of an object.
            words = "It ignores ranges." if answer.is_success else _words(answer, answer.read())
        raise _fault_of("IPFS gateway", words, answer.status_code, cid)


class IpfsCluster(_Server):
    """The REST API of IPFS Cluster, which pins on as many nodes as it is set to, and goes on where one of them fails."""

    def pin(self, cid: str) -> None:
        """Raises: StorageFault."""
        self._ask("POST", f"/pins/{cid}", cid)

    def unpin(self, cid: str) -> None:
        """No fault where it is not pinned. Raises: StorageFault."""
        self._ask("DELETE", f"/pins/{cid}", cid, is_fine=(httpx.codes.NOT_FOUND,))

    def standing_of(self, cid: str) -> dict[str, str]:
        """Return what each peer says of an object ("pinned", "pinning", "remote", "pin_error" …).

        Raises: StorageFault.
        """
        peers = _told(self._ask("GET", f"/pins/{cid}", cid)).get("peer_map") or {}
        return {str(peer): str(facts.get("status", "")) for peer, facts in peers.items()}

    def version(self) -> str:
        """Raises: StorageFault."""
        return str(_told(self._ask("GET", "/version", "")).get("version", ""))

    def _ask(self, method: str, path: str, cid: str, *, is_fine: tuple[int, ...] = ()) -> bytes:
        with _faults("IPFS Cluster", cid):
            answer = self.client.request(method, path)
        if answer.is_success or answer.status_code in is_fine:
            return answer.content
        raise _fault_of("IPFS Cluster", _words(answer, answer.content), answer.status_code, cid)


def describe_node(ipfs: IpfsSettings) -> str:
    """Return who answers, for people.

    Raises: StorageFault.
    """
    node = IpfsNode(ipfs.rpc_url, ipfs.rpc_auth.get_secret_value(), ipfs.timeout_s)
    words = f"IPFS node {node.url} ({node.version()})"
    if not ipfs.cluster_url:
        return words
    cluster = IpfsCluster(ipfs.cluster_url, ipfs.cluster_auth.get_secret_value(), ipfs.timeout_s)
    return f"{words}, cluster {cluster.url} ({cluster.version()})"


@contextmanager
def _faults(server: str, cid: str) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        message = f"The {server} could not be reached, or broke off."
        raise StorageFault(
            message, name=cid, error=f"{type(error).__name__}: {error}", is_away=True
        ) from error


def _fault_of(server: str, words: str, status: int, cid: str) -> Exception:
    """Return the fault that a server's answer means."""
    said = words.lower()
    if any(full in said for full in FULL_WORDS) or status == httpx.codes.INSUFFICIENT_STORAGE:
        return NoSpace(FULL, hint=FULL_HINT, name=cid)
    if cid and any(missing in said for missing in MISSING_WORDS):
        message = "A stored object is missing."
        return ObjectMissing(message, name=cid)
    hint = "See storage.ipfs: rpc_auth, cluster_auth." if status in {401, 403} else ""
    return StorageFault(f"The {server} refused: {status}.", hint=hint, name=cid, error=words, is_away=True)


def _words(answer: httpx.Response, content: bytes) -> str:
    """Return a server's own words, in one line and not too many."""
    told = _told(content)
    return " ".join(str(told.get("Message") or told.get("message") or answer.text)[:300].split())


def _told(answer: bytes) -> dict[str, Any]:
    try:
        told = json.loads(answer)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
