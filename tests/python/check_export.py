#!/usr/bin/env python3
"""Reads an export of a journal, from docs/audit.md alone, and computes its root: standard library only.

It prints the first position, the last and the root, and ends with 1 at the first thing that is not as it should be. It
must never believe what the file says of itself, nor use code of ours.
"""

import base64
import hashlib
import sys
from pathlib import Path


class Reader:
    def __init__(self, file: bytes) -> None:
        self.rest = file

    def take(self, count: int) -> bytes:
        if len(self.rest) < count:
            sys.exit("it is cut off")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def frame(self, place: int) -> tuple[bytes, bytes]:
        """Bytes that stand at a place, and their hash."""
        said, length, check = self.take(8), self.take(4), self.take(8)
        content = self.take(int.from_bytes(length, "big"))
        leaf = hashlib.sha256(b"\x00" + content).digest()
        if said != place.to_bytes(8, "big") or leaf[:8] != check:
            sys.exit(f"entry {place} is not what was written" if place else "the end is damaged")
        return content, leaf


def root(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, over leaves that are hashed already."""
    if not leaves:
        return hashlib.sha256().digest()
    # full subtrees from left to right, the smallest last, as a binary counter has them
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        stack.append((1, leaf))
        while len(stack) > 1 and stack[-2][0] == stack[-1][0]:
            size, right = stack.pop()
            stack[-1] = (2 * size, hashlib.sha256(b"\x01" + stack[-1][1] + right).digest())
    _, whole = stack.pop()
    while stack:
        whole = hashlib.sha256(b"\x01" + stack.pop()[1] + whole).digest()
    return whole


def main() -> None:
    head, _, frames = Path(sys.argv[1]).read_bytes().partition(b"\n\n")
    version, origin, positions = head.decode().split("\n")
    if version != "flyttbud-journal-export/v1":
        sys.exit("another format")
    first, last = map(int, positions.removeprefix("positions: ").split("-"))
    reader = Reader(frames)
    leaves = [reader.frame(position)[1] for position in range(first, last + 1)]
    computed = base64.b64encode(root(leaves)).decode()
    end = reader.frame(0)[0].decode().split("\n")
    if end[:4] != [origin, positions, f"entries: {len(leaves)}", f"root: {computed}"] or reader.rest:
        sys.exit("the end is another than that of these entries")
    print(first, last, computed)


main()
