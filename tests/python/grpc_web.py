#!/usr/bin/env python3
"""gRPC-Web on the same port, for who cannot do HTTP/2: calls over HTTP/1.1 with mutual TLS, frame by frame.

Only the standard library and the generated messages: the frames are read here, not by a gRPC library. Takes the
arguments of client.py, prints a line for each step, exits with 0 only if each assertion held.
"""

import base64
import http.client
import ssl
import struct
import sys
from typing import Any
from urllib.parse import unquote, urlsplit

from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

sys.dont_write_bytecode = True  # nothing is left beside the source
from system import CALL_SECONDS, SOLLEFTEA, SOLNA, arguments, generate

CONTENT_TYPE = "application/grpc-web+proto"
HEAD = struct.Struct(">BI")  # flags, length
TRAILERS = 0x80  # the flag of the last frame
INVALID_ARGUMENT = 3


def read_frames(body: bytes) -> tuple[list[bytes], dict[str, str]]:
    """The messages and the trailers of an answer. The trailers are its last frame."""
    messages, at = [], 0
    while at < len(body):
        flags, length = HEAD.unpack_from(body, at)
        frame = body[at + HEAD.size : at + HEAD.size + length]
        assert len(frame) == length, "a frame is cut off"
        at += HEAD.size + length
        if flags == TRAILERS:
            assert at == len(body), "something follows the trailers"
            lines = [line.partition(":") for line in frame.decode("ascii").split("\r\n") if line]
            return messages, {name.strip().lower(): value.strip() for name, _, value in lines}
        assert flags == 0, f"unknown flags {flags:#x}"
        messages.append(frame)
    raise AssertionError("no trailers")


def call(connection: http.client.HTTPSConnection, method: str, request: Any) -> tuple[list[bytes], dict[str, str]]:
    body = request.SerializeToString()
    headers = {"content-type": CONTENT_TYPE, "accept": CONTENT_TYPE, "x-grpc-web": "1"}
    connection.request("POST", f"/flyttbud.v1.{method}", HEAD.pack(0, len(body)) + body, headers)
    answer = connection.getresponse()
    assert (answer.status, answer.version) == (200, 11), (answer.status, answer.version)
    assert answer.getheader("content-type") == CONTENT_TYPE, answer.getheaders()
    content = answer.read()
    if not content:  # a refusal may come with its trailers as headers
        return [], {name.lower(): value for name, value in answer.getheaders()}
    return read_frames(content)


def accepted(connection: http.client.HTTPSConnection, v1: Any, municipality: str) -> str:
    messages, trailers = call(connection, "DirectoryService/WhoAmI", v1.WhoAmIRequest())
    assert len(messages) == 1 and trailers["grpc-status"] == "0", (messages, trailers)
    me = v1.WhoAmIResponse.FromString(messages[0])
    assert municipality in me.municipalities and me.environment == "test", me
    return me.organisation


def refused(connection: http.client.HTTPSConnection, v1: Any) -> str:
    request = v1.GetMunicipalityRequest(name="municipalities/0000")
    messages, trailers = call(connection, "DirectoryService/GetMunicipality", request)
    assert not messages and trailers["grpc-status"] == str(INVALID_ARGUMENT), (messages, trailers)
    packed = trailers["grpc-status-details-bin"]  # base64 without padding
    status = Status.FromString(base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True))
    assert (status.code, status.message) == (INVALID_ARGUMENT, unquote(trailers["grpc-message"])), status
    info = ErrorInfo()
    assert any(detail.Unpack(info) for detail in status.details), status
    assert (info.reason, info.domain) == ("MUNICIPALITY_UNKNOWN", "flyttbud.se"), info
    return info.reason


def main() -> None:
    if not __debug__:
        sys.exit("without assertions (-O) this program would check nothing")
    given = arguments(__doc__)
    v1, url = generate(given.proto), urlsplit(given.url)
    for municipality, certificate, key in (
        (SOLNA, given.certificate_solna, given.key_solna),
        (SOLLEFTEA, given.certificate_solleftea, given.key_solleftea),
    ):
        tls = ssl.create_default_context(cafile=given.authority)
        tls.load_cert_chain(certificate, key)
        connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=CALL_SECONDS, context=tls)
        print(f"over HTTP/1.1, {accepted(connection, v1, municipality)} is {municipality}")
        print(f"on the same connection, an unknown municipality is refused: {refused(connection, v1)}")
        connection.close()


if __name__ == "__main__":
    main()
