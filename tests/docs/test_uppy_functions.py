"""The functions of docs/direct-uploads.md for Uppy 4 and 5, run under Node: what they ask is what the API takes.

That a bucket takes the parts, tests/journeys/test_direct_upload.py shows with Uppy 6 and with the script for curl.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.documented import shape_of
from tests.house.pages import block
from tests.house.test_documents import fields_of, operations
from tests.services import require_service

FIRST = """
const directUrl = "/uploads/direct/TOKEN", AwsS3 = {}, asked = [];
let given;
const uppy = { use: (plugin, options) => { given = options; } };
const part = { part_number: 1, size_bytes: 7, etag: '"e"', url: "https://bucket/1", headers: {} };
globalThis.fetch = async (url, { method = "GET", body, headers }) => {
  asked.push([method, url, body ? JSON.parse(body) : null, headers]);
  if (method === "DELETE") return { ok: true, status: 204 };
  return { ok: true, status: 200, json: async () => ({ upload_id: "UPLOAD", parts: [part] }) };
};
"""
LAST = """
const file = { size: 200 * 2 ** 30, type: "video/mp4" };
const made = await given.createMultipartUpload(file);
const signed = await given.signPart(file, { ...made, partNumber: 1 });
const listed = await given.listParts(file, made);
await given.completeMultipartUpload(file, { ...made, parts: listed });
await given.abortMultipartUpload(file, made);
globalThis.fetch = async () => ({ ok: false, status: 409, json: async () => ({ title: "It is taken.", code: "source_exists" }) });
const refused = await given.createMultipartUpload(file).catch((error) => [error.message, error.code]);
console.log(JSON.stringify({ asked, made, signed, listed, refused, size: given.getChunkSize(file) }));
"""


def test_they_ask_for_what_there_is(tmp_path: Path) -> None:
    require_service("node", present=shutil.which("node") is not None)
    script = tmp_path / "uppy.mjs"
    script.write_text(FIRST + block("docs/direct-uploads.md#by-uppy/js/2").text + LAST, encoding="utf-8")
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert [(method, url.replace("/uploads/direct/TOKEN", "")) for method, url, *_ in told["asked"]] == [
        ("POST", ""), ("POST", "/UPLOAD/parts"), ("GET", "/UPLOAD"), ("POST", "/UPLOAD/complete"), ("DELETE", "/UPLOAD"),
    ]  # fmt: skip
    for method, url, body, headers in told["asked"]:
        address = shape_of(url.replace("TOKEN", "{a}").replace("UPLOAD", "{b}"))
        operation = operations()[address][method]
        assert set(body or ()) <= set(fields_of(operation)), url
        assert headers == ({"Content-Type": "application/json"} if body else {})
    assert told["made"] == {"uploadId": "UPLOAD", "key": "UPLOAD"}
    assert told["signed"] == {"method": "PUT", "url": "https://bucket/1", "headers": {}}
    assert told["listed"] == [{"PartNumber": 1, "Size": 7, "ETag": '"e"'}]
    assert told["asked"][1][2] == {"parts": [{"part_number": 1}]}
    assert told["asked"][3][2] == {"parts": [{"part_number": 1, "etag": '"e"'}]}
    assert told["refused"] == ["It is taken.", "source_exists"]
    assert told["size"] == told["asked"][0][2]["part_size_bytes"] > 16 * 2**20
