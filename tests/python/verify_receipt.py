#!/usr/bin/env python3
"""A second verifier of receipts, from the specifications and docs/evidence.md alone: it knows no code of ours.

It needs Python and the package `cryptography`, for Ed25519. It prints a line of JSON for each receipt and ends with
0 when all are proven, 1 when one is not, 64 when one cannot be read. Nothing here may be shared with the service or
its command line: where both agree, the format is what the documents say.
"""

import argparse
import base64
import hashlib
import json
import sys
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LOG, WITNESS = 0x01, 0x04  # types of keys, c2sp.org/signed-note
NUMBER_MAX = 2**63 - 1
MUNICIPALITY = 5
COLLECTIONS = {
    1: "system",
    2: "relocations",
    3: "arrivals",
    4: "alerts",
    MUNICIPALITY: "municipalities",
    6: "registerEvents",
}


class Unusable(Exception):
    """A file is not what it should be."""


class Unproven(Exception):
    """The files are read, and do not prove it."""


# What the texts of C2SP have in common


def decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or str(int(text)) != text or int(text) > NUMBER_MAX:
        raise Unusable("not a decimal")
    return int(text)


def decode64(text: str) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Unusable("not base64") from error
    if base64.b64encode(decoded).decode() != text:
        raise Unusable("base64 with stray bits")
    return decoded


def decode_hash(text: str) -> bytes:
    decoded = decode64(text)
    if len(decoded) != 32:
        raise Unusable("not a hash")
    return decoded


# Keys, notes, checkpoints: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature


class Key(NamedTuple):
    name: str
    key_id: bytes
    kind: int
    public: bytes

    @classmethod
    def parse(cls, text: str, kind: int) -> "Key":
        name, key_id, encoded = text.split("+", 2)
        decoded = decode64(encoded)
        if len(decoded) != 33 or decoded[0] != kind:
            raise Unusable("a key of another type")
        right = hashlib.sha256(f"{name}\n".encode() + decoded).digest()[:4]
        if key_id != right.hex():
            raise Unusable("the id is not that of the key")
        return cls(name, right, kind, decoded[1:])

    def check(self, note: "Note") -> list[int]:
        """What it signed of the note: times for a witness, zeros for a log. A false line spoils the note."""
        found = []
        for name, key_id, signature in note.signatures:
            if (name, key_id) != (self.name, self.key_id):
                continue
            time, message = 0, note.text.encode()
            if self.kind == WITNESS:
                time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
                message = f"cosignature/v1\ntime {time}\n".encode() + message
                if not 0 < time <= NUMBER_MAX:
                    raise Unproven(f"a signature in the name of '{name}' is false")
            try:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
            except InvalidSignature as error:
                raise Unproven(f"a signature in the name of '{name}' is false") from error
            found.append(time)
        return found


class Note:
    def __init__(self, whole: str) -> None:
        if any(sign < " " and sign != "\n" for sign in whole):
            raise Unusable("a note has no control characters")
        text, parted, lines = whole.rpartition("\n\n")
        if not parted or not lines.endswith("\n"):
            raise Unusable("not a signed note")
        self.text = text + "\n"
        self.signatures = [self.signature(line) for line in lines[:-1].split("\n")]
        head = self.text.split("\n")
        if len(head) < 4:
            raise Unusable("a checkpoint has three lines")
        self.origin, self.size, self.root = head[0], decimal(head[1]), decode_hash(head[2])

    @staticmethod
    def signature(line: str) -> tuple[str, bytes, bytes]:
        words = line.split(" ")
        if len(words) != 3 or words[0] != "\u2014" or not words[1]:
            raise Unusable("not a signature line")
        decoded = decode64(words[2])
        return words[1], decoded[:4], decoded[4:]


class Policy:
    """c2sp.org/tlog-policy."""

    def __init__(self, text: str) -> None:
        self.logs: list[Key] = []
        self.witnesses: dict[str, Key] = {}
        self.rules: dict[str, tuple[int, list[str]]] = {"none": (0, [])}
        self.quorum = ""
        for line in text.splitlines():
            match line.split():
                case ["log", key, *_url]:
                    self.logs.append(Key.parse(key, LOG))
                case ["witness", name, key, *_url]:
                    self.witnesses[name] = Key.parse(key, WITNESS)
                case ["group", name, threshold, *members]:
                    wanted = {"any": 1, "all": len(members)}.get(threshold) or decimal(threshold)
                    self.rules[name] = (wanted, members)
                case ["quorum", name]:
                    self.quorum = name
                case []:
                    pass
                case [first, *_] if first.startswith("#"):
                    pass
                case _:
                    raise Unusable("not a line of a policy")
        if self.quorum not in self.rules and self.quorum not in self.witnesses:
            raise Unusable("no quorum")

    def holds(self, name: str, cosigned: dict[str, int]) -> bool:
        if name in self.witnesses:
            return name in cosigned
        wanted, members = self.rules[name]
        return sum(self.holds(member, cosigned) for member in members) >= wanted

    def check(self, note: Note) -> dict[str, int]:
        """The witnesses that cosigned, with their times. A log of the policy must have signed."""
        signed = [log.name for log in self.logs if log.check(note) and log.name == note.origin]
        if not signed:
            raise Unproven("no trusted log signed the checkpoint")
        times = {name: key.check(note) for name, key in self.witnesses.items()}
        return {name: max(found) for name, found in times.items() if found}


# The tree: RFC 6962, verified as RFC 9162 writes it down (2.1.3.2, 2.1.4.2)


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: list[bytes]) -> None:
    if index >= size:
        raise Unproven("the tree does not reach the entry")
    at, last, computed = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            raise Unproven("the proof is too long")
        if at & 1 or at == last:
            computed = node(beside, computed)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            computed = node(computed, beside)
        at, last = at >> 1, last >> 1
    if last != 0 or computed != root:
        raise Unproven("the entry is not in the log at this place")


def check_consistency(old: Note, new: Note, proof: list[bytes]) -> None:
    wrong = Unproven("the newer checkpoint does not continue the older one")
    if old.size == new.size:
        if proof or old.root != new.root:
            raise wrong
        return
    if not 0 < old.size < new.size or not proof:
        raise wrong
    if old.size & (old.size - 1) == 0:
        proof = [old.root, *proof]
    at, last = old.size - 1, new.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    of_old = of_new = proof[0]
    for beside in proof[1:]:
        if last == 0:
            raise wrong
        if at & 1 or at == last:
            of_old, of_new = node(beside, of_old), node(beside, of_new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            of_new = node(of_new, beside)
        at, last = at >> 1, last >> 1
    if (of_old, of_new, last) != (old.root, new.root, 0):
        raise wrong


# The entry: journal.v1.Entry in protobuf's wire format


def fields(message: bytes) -> list[tuple[int, Any]]:
    """Numbers and values of a message's fields; varints and bytes are all that an entry has."""
    found, at = [], 0

    def varint() -> int:
        nonlocal at
        value, shift = 0, 0
        while True:
            value |= (message[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if message[at - 1] < 0x80:
                return value

    while at < len(message):
        number, kind = divmod(varint(), 8)
        if kind == 0:
            found.append((number, varint()))
        elif kind == 2:
            length = varint()
            found.append((number, message[at : at + length]))
            at += length
        else:
            raise Unusable("not an entry")
    return found


def name(kind: int, subject: bytes) -> str:
    if kind not in COLLECTIONS:
        raise Unusable("an entry about what the documents do not know")
    which = f"{int.from_bytes(subject, 'big'):04}" if kind == MUNICIPALITY else str(uuid.UUID(bytes=subject))
    return f"{COLLECTIONS[kind]}/{which}"


def entry(stored: bytes) -> dict[str, Any]:
    values = dict(fields(stored))
    sealed = [dict(fields(value)) for number, value in fields(stored) if number == 9]
    return {
        "name": name(values[4], values[5]),
        "version": values[6],
        "kind": next(number for number in values if number >= 20),
        "position": values[1],
        "recorded_at_micros": values[2],
        "commitments": {part[1]: part[4] for part in sealed},
    }


def commitment(part: int, salt: bytes, body: bytes) -> bytes:
    return hashlib.sha256(b"flyttbud/commitment/v1\0" + bytes([part]) + salt + body).digest()


def check_parts(commitments: dict[int, bytes], file: Path) -> list[int]:
    parts = json.loads(file.read_text())["parts"]
    for part in parts:
        if commitment(part["part"], decode64(part["salt"]), decode64(part["body"])) != commitments.get(part["part"]):
            raise Unproven("a part is not what the entry committed to")
    return [part["part"] for part in parts]


# Receipts: c2sp.org/tlog-proof@v1. Proofs of consistency: the request of c2sp.org/tlog-witness


def take_proof(lines: list[str]) -> tuple[list[bytes], Note]:
    if "" not in lines:
        raise Unusable("no empty line ends the proof")
    end = lines.index("")
    return [decode_hash(line) for line in lines[:end]], Note("\n".join(lines[end + 1 :]))


def verify_receipt(file: Path, policy: Policy, parts: Path | None) -> dict[str, Any]:
    lines = file.read_text("utf-8").split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1":
        raise Unusable("not a tlog-proof of version 1")
    del lines[0]
    if lines[0].startswith("extra "):
        decode64(lines.pop(0).removeprefix("extra "))
    word, _, index = lines.pop(0).partition(" ")
    if word != "index":
        raise Unusable("no index")
    proof, note = take_proof(lines)
    stored = Path(f"{file}.entry").read_bytes()
    cosigned = policy.check(note)
    leaf = hashlib.sha256(b"\x00" + stored).digest()
    check_inclusion(leaf, decimal(index), note.size, note.root, proof)
    says = entry(stored)
    if says["position"] != decimal(index) + 1:
        raise Unproven("the entry says another position")
    if not policy.holds(policy.quorum, cosigned):
        raise Unproven("not enough witnesses")
    commitments = says.pop("commitments")
    shown = check_parts(commitments, parts) if parts else []
    return {"log": note.origin, "size": note.size, "witnesses": cosigned, "entry": says, "parts": shown}


def verify_consistency(old: Path, proof: Path, policy: Policy) -> dict[str, Any]:
    older = Note(old.read_text("utf-8"))
    lines = proof.read_text("utf-8").split("\n")
    word, _, size = lines.pop(0).partition(" ")
    hashes, newer = take_proof(lines)
    policy.check(older)
    cosigned = policy.check(newer)
    if (word, decimal(size), older.origin) != ("old", older.size, newer.origin):
        raise Unproven("the proof is for another checkpoint")
    check_consistency(older, newer, hashes)
    if not policy.holds(policy.quorum, cosigned):
        raise Unproven("not enough witnesses")
    return {"log": newer.origin, "old_size": older.size, "size": newer.size}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("receipts", type=Path, nargs="*", help="receipts, each with its entry beside it in .entry")
    parser.add_argument("--policy", type=Path, required=True)
    parser.add_argument("--parts", type=Path, help="opened parts of the one receipt")
    parser.add_argument("--consistency", type=Path, nargs=2, metavar=("OLD", "PROOF"))
    given = parser.parse_args()
    policy = Policy(given.policy.read_text("utf-8"))
    checks = [(str(file), lambda file=file: verify_receipt(file, policy, given.parts)) for file in given.receipts]
    if given.consistency:
        old, proof = given.consistency
        checks.append((str(proof), lambda: verify_consistency(old, proof, policy)))
    worst = 0
    for file, check in checks:
        try:
            verdict = {"proven": True, **check()}
        except Unproven as fault:
            verdict, worst = {"proven": False, "fault": str(fault)}, max(worst, 1)
        except (Unusable, UnicodeDecodeError) as fault:
            verdict, worst = {"proven": False, "unusable": str(fault)}, 64
        print(json.dumps({"file": file, **verdict}))
    return worst


if __name__ == "__main__":
    sys.exit(main())
