"""The answers of Blob Storage: XML, its headers, and its errors."""

from __future__ import annotations

from email.utils import format_datetime

from starlette.responses import Response

from ...domain.instants import to_datetime
from .stored import Blob

VERSION = "2025-11-05"

Node = tuple[str, "str | list[Node]"]


def http_date(instant: int) -> str:
    """Return an instant (µs) as HTTP dates are written."""
    return format_datetime(to_datetime(instant).replace(microsecond=0), usegmt=True)


def xml(name: str, children: list[Node], **attributes: str) -> Response:
    """Answer with a document of elements in their order."""
    from xml.etree import ElementTree  # few servers are ever asked for a blob

    def fill(parent: ElementTree.Element, children: list[Node]) -> None:
        for name, value in children:
            child = ElementTree.SubElement(parent, name)
            if isinstance(value, str):
                child.text = value
            else:
                fill(child, value)

    root = ElementTree.Element(name, attributes)
    fill(root, children)
    content = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(content, headers={"x-ms-version": VERSION, "Content-Type": "application/xml"})


class StorageRefusal(Exception):
    """A request that Blob Storage turns down, with its code."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def response(self, *, head: bool) -> Response:
        """Return the answer; a HEAD has the code in a header only."""
        answer = xml("Error", [("Code", self.code), ("Message", self.message)])
        answer.status_code = self.status
        answer.headers["x-ms-error-code"] = self.code
        answer.headers.update(self.headers)
        if head or self.status == 304:
            answer.body = b""
            answer.headers["Content-Length"] = "0"
        return answer


def properties(blob: Blob) -> dict[str, str]:
    """Return the headers that a blob has on every GET and HEAD."""
    modified = http_date(blob.created_at)
    headers = {
        "x-ms-version": VERSION,
        "Content-Type": blob.content_type,
        "Last-Modified": modified,
        "ETag": blob.etag,
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": blob.kind,
        "x-ms-creation-time": modified,
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "true",
    }
    if blob.vhd is not None:
        headers["x-ms-blob-sequence-number"] = "0"
        headers["x-ms-meta-contentfingerprint"] = blob.vhd.fingerprint
    return headers


def entry(blob: Blob) -> Node:
    """Return a blob as a list shows it."""
    modified = http_date(blob.created_at)
    shown: list[Node] = [
        ("Creation-Time", modified),
        ("Last-Modified", modified),
        ("Etag", blob.etag.strip('"')),
        ("Content-Length", str(blob.length)),
        ("Content-Type", blob.content_type),
        ("Content-MD5", blob.md5 or ""),
        ("BlobType", blob.kind),
        ("LeaseStatus", "unlocked"),
        ("LeaseState", "available"),
        ("ServerEncrypted", "true"),
    ]
    return ("Blob", [("Name", blob.name), ("Properties", shown)])
