#!/usr/bin/env python3
"""A client that is not ours: what a vendor would write from `proto/flyttbud/v1` and the documents alone.

It needs the packages of crates/xtask/tools-test.txt. It prints a line for each step and exits with 0 only if each
assertion held. The world must be fresh, or the demo's: no open announcement of this person from Solna to Sollefteå.

It must never compute what it compares with by code of ours: hashes come from hashlib, by docs/notices.md.
"""

import hashlib
import sys
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import Message
from google.rpc import error_details_pb2 as details
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

sys.dont_write_bytecode = True  # nothing is left beside the source
from system import SOLLEFTEA, SOLNA, System, arguments, generate

PERSON = "19900101-2385"  # an official test number, never assigned to anybody


class Chain:
    """The chain over a recipient's notices, computed from number 1."""

    def __init__(self, recipient: str) -> None:
        self.recipient, self.number, self.value = recipient, 0, bytes(32)

    def add(self, notice: Any) -> None:
        assert notice.recipient == self.recipient, "a notice for somebody else"
        assert notice.number == self.number + 1, f"a gap after {self.number}"
        lines = [
            "flyttbud notice v1",
            notice.recipient.removeprefix("municipalities/"),
            notice.number,
            notice.kind,
            notice.resource,
            notice.position,
            notice.recorded_at.ToMicroseconds(),
        ]
        content_hash = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).digest()
        assert notice.content_hash == content_hash, f"content_hash of {notice.number} differs"
        self.number, self.value = notice.number, hashlib.sha256(self.value + content_hash).digest()
        assert notice.chain == self.value, f"chain of {notice.number} differs"


def announcement(solna: System, today: str) -> Any:
    v1 = solna.v1
    return v1.RegisterRelocationRequest(
        municipality=SOLNA,
        actor=solna.actor("avisera flytt"),
        request_id=str(uuid.uuid4()),
        receiving_municipality=SOLLEFTEA,
        kind=v1.RELOCATION_KIND_ACTIVE_INVOLVEMENT,
        legal_ground=v1.LegalGround(
            code=v1.LEGAL_GROUND_CODE_CONSENT,
            consent=v1.Consent(
                scopes=[v1.CONSENT_SCOPE_ALL],
                given_on=today,
                form=v1.CONSENT_FORM_WRITTEN,
                received_by="handlaggare-7",
            ),
        ),
        content=v1.RelocationContent(
            person=v1.Person(
                identity_number=PERSON,
                given_name="Kim",
                family_name="Test",
                birth_date="1990-01-01",
                protection=v1.PROTECTION_LEVEL_NONE,
            ),
            expected_on=today,
            supports=[v1.Support(kind=v1.SUPPORT_KIND_FIRST_RENTS, actor=v1.SUPPORT_ACTOR_MUNICIPALITY)],
            wish=v1.EXPRESSED_WISH_NOT_CLEAR,
            contact=v1.Contact(name="Jourtelefonen", function="Mottagningsenheten", phone="08-123 456"),
            case_number="SOL-2026-1042",
            free_text="Behöver en kontakt första veckan.",
        ),
    )


def changed(request: Any, **fields: Any) -> Any:
    """A copy of a request with other values; a message replaces the one before."""
    copy = type(request)()
    copy.CopyFrom(request)
    for name, value in fields.items():
        if isinstance(value, Message):
            getattr(copy, name).CopyFrom(value)
        else:
            setattr(copy, name, value)
    return copy


def refused(call: Callable[..., Any], request: Any, code: grpc.StatusCode, reason: str) -> dict[str, Any]:
    """Makes a call that must be refused, and returns its details by type."""
    ours = str(uuid.uuid4())
    headers = [("x-request-id", ours), ("accept-language", "sv-SE")]
    try:
        call(request, metadata=headers)
    except grpc.RpcError as error:
        assert error.code() == code, f"{error.code()} instead of {code}: {error.details()}"
        status = rpc_status.from_call(error)
    else:
        raise AssertionError(f"accepted instead of {reason}")
    assert status is not None, "no details"
    digits = PERSON.replace("-", "").encode()
    assert PERSON.encode() not in status.SerializeToString() and digits not in status.SerializeToString(), "an echo"
    found = {}
    for packed in status.details:
        detail = getattr(details, packed.TypeName().removeprefix("google.rpc."))()
        assert packed.Unpack(detail)
        found[type(detail).__name__] = detail
    info, text = found["ErrorInfo"], found["LocalizedMessage"]
    assert (info.reason, info.domain) == (reason, "flyttbud.se"), info
    assert text.locale == "sv-SE" and text.message and text.message != status.message, text
    assert found["Help"].links[0].url.startswith("https://flyttbud.se/docs/errors/E"), found["Help"]
    assert found["RequestInfo"].request_id == ours, found["RequestInfo"]
    return found


def who_am_i(solna: System, solleftea: System) -> str:
    for system in (solna, solleftea):
        me = system.who_am_i()
        assert system.municipality in me.municipalities and "case-system" in me.roles, me
        assert me.environment == "test" and me.valid_until.ToSeconds() > time.time(), me
    # dates by the clock of the record, which outside production can be ahead
    return solna.who_am_i().now.ToDatetime().date().isoformat()


def dry_run(solna: System, solleftea: System, request: Any) -> None:
    before = solleftea.last_number()
    answer = solna.relocations.RegisterRelocation(changed(request, validate_only=True))
    assert answer.dry_run.ground_carries and answer.dry_run.answer_due_on, answer
    assert "content.person" in " ".join(answer.dry_run.fields_seen_by_recipient), answer
    assert not answer.HasField("relocation") and solleftea.last_number() == before, "a dry run left something"


def announce(solna: System, solleftea: System, request: Any) -> tuple[str, Chain]:
    """Registers under the eyes of the receiver, who computes the chain from its first notice on."""
    v1, chain, stream = solna.v1, Chain(SOLLEFTEA), solleftea.watch()
    for item in stream:
        if item.HasField("heartbeat"):  # the live edge
            assert item.heartbeat.number == chain.number
            break
        chain.add(item.notice)
    answer = solna.relocations.RegisterRelocation(request)
    name = answer.relocation.name
    # a receiver whose system has never confirmed a notice is worth a word, and is told all the same
    warnings = [warning for warning in answer.warnings if warning.reason != "RECIPIENT_NOT_CONNECTED"]
    assert not warnings, f"{warnings[0].message} Start from a fresh world."
    assert answer.relocation.state == v1.RELOCATION_STATE_REGISTERED and answer.position > 0, answer
    for item in stream:
        if item.HasField("notice"):
            chain.add(item.notice)
            if item.notice.resource == name:
                break
    stream.cancel()
    assert item.notice.kind == v1.NOTICE_KIND_RELOCATION_REGISTERED and item.notice.position == answer.position, item
    return name, chain


def take_in(solleftea: System, name: str, sent: Any) -> None:
    v1, actor = solleftea.v1, solleftea.actor("ta emot flytt")
    request = v1.GetRelocationRequest(municipality=SOLLEFTEA, actor=actor, name=name, view=v1.VIEW_FULL)
    read = solleftea.relocations.GetRelocation(request).relocation
    assert read.content == sent.content and read.legal_ground == sent.legal_ground.code, read
    request = v1.AcknowledgeRelocationRequest(
        municipality=SOLLEFTEA, actor=actor, request_id=str(uuid.uuid4()), name=name, etag=read.etag
    )
    answer = solleftea.relocations.AcknowledgeRelocation(request)
    assert answer.relocation.state == v1.RELOCATION_STATE_ACKNOWLEDGED, answer


def confirm(solleftea: System, chain: Chain) -> None:
    v1 = solleftea.v1
    request = v1.ConfirmNoticeRequest(
        municipality=SOLLEFTEA, request_id=str(uuid.uuid4()), number=chain.number, chain=chain.value
    )
    wrong = changed(request, validate_only=True, chain=hashlib.sha256(chain.value).digest())
    assert not solleftea.inbox.ConfirmNotice(wrong).agrees, "a wrong chain agrees"
    assert solleftea.inbox.ConfirmNotice(request).agrees, "the chains differ"


def general_clause(solna: System, request: Any) -> None:
    v1, code = solna.v1, grpc.StatusCode.FAILED_PRECONDITION
    ground = v1.LegalGround(code=v1.LEGAL_GROUND_CODE_GENERAL_CLAUSE_10_27)
    request = changed(request, request_id=str(uuid.uuid4()), legal_ground=ground)
    found = refused(solna.relocations.RegisterRelocation, request, code, "GENERAL_CLAUSE_REFUSED")
    fields = {violation.field: violation.description for violation in found["BadRequest"].field_violations}
    assert fields["legal_ground.code"].startswith("GENERAL_CLAUSE_REFUSED: "), fields


def malformed(solna: System) -> None:
    """What no handler sees is told as precisely as anything else."""
    raw = solna.channel.unary_unary("/flyttbud.v1.RelocationService/RegisterRelocation")
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    refused(raw, b"\xff\xff\xff", invalid, "REQUEST_MALFORMED")
    refused(raw, b"\x0a\x02\xff\xfe", invalid, "REQUEST_MALFORMED")  # a text that is no UTF-8
    packed = partial(raw, compression=grpc.Compression.Gzip)  # some KiB, three MiB when unpacked
    found = refused(packed, bytes(3 << 20), grpc.StatusCode.RESOURCE_EXHAUSTED, "BODY_TOO_LARGE")
    assert "RetryInfo" not in found, "what is too large stays so"


def again(solna: System, request: Any, name: str) -> None:
    register = solna.relocations.RegisterRelocation
    assert register(request).relocation.name == name, "a retry made another relocation"
    other = changed(request)
    other.content.free_text = "Något annat."
    refused(register, other, grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED")


def reflect(solna: System) -> None:
    service = "flyttbud.v1.RelocationService"
    database = ProtoReflectionDescriptorDatabase(solna.channel)
    assert service in database.get_services(), database.get_services()
    here = FileDescriptorProto()
    solna.v1.RegisterRelocationRequest.DESCRIPTOR.file.CopyToProto(here)
    there = database.FindFileContainingSymbol(service)
    methods = [[method.name for method in file.service[0].method] for file in (here, there)]
    assert methods[0] == methods[1], methods


def main() -> None:
    if not __debug__:
        sys.exit("without assertions (-O) this program would check nothing")
    given = arguments(__doc__)
    v1 = generate(given.proto)
    solna = System(v1, SOLNA, given.url, given.authority, given.certificate_solna, given.key_solna)
    solleftea = System(v1, SOLLEFTEA, given.url, given.authority, given.certificate_solleftea, given.key_solleftea)
    request = announcement(solna, who_am_i(solna, solleftea))
    print("each certificate is who it should be")
    dry_run(solna, solleftea, request)
    print("a dry run tells what would happen and leaves nothing")
    name, chain = announce(solna, solleftea, request)
    print(f"notice {chain.number} came to Sollefteå; hashes and chain hold from number 1")
    take_in(solleftea, name, request)
    print("Sollefteå read what Solna sent, and acknowledged it")
    confirm(solleftea, chain)
    print(f"Sollefteå confirmed up to notice {chain.number}; the chains agree")
    general_clause(solna, request)
    print("the general clause is refused, with reason, field, Swedish text, help and request id")
    malformed(solna)
    print("bytes that are no message and what unpacks beyond the limit are refused likewise")
    again(solna, request, name)
    print("the same request_id: the same answer; with other content: refused")
    reflect(solna)
    print("reflection knows the same methods as the proto files")


if __name__ == "__main__":
    main()
