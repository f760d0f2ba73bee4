#!/usr/bin/env python3
"""Reads the whole log as c2sp.org/tlog-tiles lays it out, over plain HTTPS, and computes its root: standard library only.

It prints the size and the root that it computed. It must never believe a root, nor use code of ours.
"""

import argparse
import base64
import hashlib
import http.client
import ssl
import sys
from pathlib import Path
from urllib.parse import urlsplit


class Reader:
    def __init__(self, url: str, authority: Path, certificate: Path, key: Path) -> None:
        context = ssl.create_default_context(cafile=str(authority))
        context.load_cert_chain(certificate, key)
        self.connection = http.client.HTTPSConnection(urlsplit(url).netloc, context=context)

    def ask(self, path: str, method: str = "GET") -> tuple[http.client.HTTPResponse, bytes]:
        self.connection.request(method, path)
        answer = self.connection.getresponse()
        return answer, answer.read()

    def read(self, path: str, content_type: str, is_for_ever: bool) -> bytes:
        answer, body = self.ask(path)
        assert answer.status == 200, f"{path}: {answer.status} {body!r}"
        assert answer.headers["content-type"] == content_type, path
        assert ("immutable" in answer.headers["cache-control"]) == is_for_ever, path
        head, nothing = self.ask(path, "HEAD")
        assert (head.status, nothing) == (200, b""), path
        assert head.headers["content-length"] == str(len(body)), path
        return body

    def tile(self, level: int, index: int, width: int) -> list[bytes]:
        digits = f"{index:03}"
        digits = "0" * (-len(digits) % 3) + digits
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        name = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
        partial = f".p/{width}" if width < 256 else ""
        body = self.read(f"/tile/{level}/{name}{partial}", "application/octet-stream", is_for_ever=True)
        assert len(body) == 32 * width, f"{name} has {len(body)} bytes"
        return [body[at : at + 32] for at in range(0, len(body), 32)]

    def level(self, level: int, count: int) -> list[bytes]:
        hashes = []
        for index in range(-(-count // 256)):
            hashes += self.tile(level, index, min(256, count - 256 * index))
        return hashes


def root(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, over leaves that are hashed already."""
    if len(hashes) == 1:
        return hashes[0]
    left = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root(hashes[:left]) + root(hashes[left:])).digest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    for file in ("authority", "certificate", "key"):
        parser.add_argument(f"--{file}", type=Path, required=True)
    given = parser.parse_args()
    reader = Reader(given.url, given.authority, given.certificate, given.key)
    checkpoint = reader.read("/checkpoint", "text/plain; charset=utf-8", is_for_ever=False).decode()
    size = int(checkpoint.split("\n")[1])
    leaves = reader.level(0, size)
    for level in range(1, 8):
        count = size >> 8 * level
        below = [root(leaves[at << 8 * level : at + 1 << 8 * level]) for at in range(count)]
        assert reader.level(level, count) == below, f"level {level}"
    for path in (
        f"/tile/0/{size // 256:03}.p/{size % 256 + 1}",
        f"/tile/0/{size // 256 + 1:03}",
        "/tile/1/001",
        "/tile/0/0",
        "/tile/0/000.p/0",
        "/tile/0/000/",
        "/tile/entries/000",
        "/tile/entries/000.p/1",
        "/tile/",
    ):
        answer, body = reader.ask(path)
        assert answer.status == 404, f"{path}: {answer.status} {body!r}"
    for method in ("POST", "PUT", "DELETE"):
        assert reader.ask("/checkpoint", method)[0].status == 405, method
    print(size, base64.b64encode(root(leaves)).decode())


if __name__ == "__main__":
    sys.exit(main())
