"""A case system as the Python programs here see it: generated code, arguments, a connection with its certificate.

Everything comes from the proto folder and the arguments. No step and no expectation belongs here, and no code of ours.
"""

import argparse
import importlib
import json
import sys
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import grpc
from google.protobuf.message import Message
from grpc_tools import protoc

SOLNA, SOLLEFTEA = "municipalities/0184", "municipalities/2283"
CALL_SECONDS, STREAM_SECONDS = 10, 30

# Safe on writes because request_id is required.
RETRY = {
    "maxAttempts": 4,
    "initialBackoff": "0.2s",
    "maxBackoff": "5s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{"service": "flyttbud.v1.RelocationService"}, {"service": "flyttbud.v1.InboxService"}],
            "timeout": f"{CALL_SECONDS}s",
            "retryPolicy": RETRY,
        },
        # A stream that lives on must not inherit the deadline of a call.
        {"name": [{"service": "flyttbud.v1.InboxService", "method": "WatchInbox"}], "retryPolicy": RETRY},
    ],
    "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
}


def arguments(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--url", required=True, help="https://127.0.0.1:PORT")
    parser.add_argument("--proto", type=Path, required=True, help="the folder that holds flyttbud/v1")
    for file in ("authority", "certificate-solna", "key-solna", "certificate-solleftea", "key-solleftea"):
        parser.add_argument(f"--{file}", type=Path, required=True, metavar="PEM")
    return parser.parse_args()


def generate(proto: Path) -> SimpleNamespace:
    """Compiles flyttbud/v1 and returns all its messages, enum values and stubs under one name."""
    files = sorted(path.relative_to(proto).as_posix() for path in proto.glob("flyttbud/v1/*.proto"))
    assert files, f"no flyttbud/v1 in '{proto}'"
    google = resources.files("grpc_tools") / "_proto"
    v1 = SimpleNamespace()
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"--proto_path={proto}", f"--proto_path={google}"]
        outputs = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
        assert protoc.main(["protoc", *paths, *outputs, *files]) == 0, "the proto files do not compile"
        sys.path.insert(0, folder)
        for file in files:
            for suffix in ("_pb2", "_pb2_grpc"):
                module = importlib.import_module(file.removesuffix(".proto").replace("/", ".") + suffix)
                vars(v1).update({name: value for name, value in vars(module).items() if name[0].isupper()})
        sys.path.remove(folder)
    return v1


class System:
    """A municipality's case system: who it is, its channel, its stubs."""

    def __init__(self, v1: Any, municipality: str, url: str, authority: Path, certificate: Path, key: Path) -> None:
        self.v1, self.municipality = v1, municipality
        credentials = grpc.ssl_channel_credentials(authority.read_bytes(), key.read_bytes(), certificate.read_bytes())
        options = [("grpc.service_config", json.dumps(SERVICE_CONFIG)), ("grpc.enable_http_proxy", 0)]
        self.channel = grpc.secure_channel(urlsplit(url).netloc, credentials, options)
        self.directory = v1.DirectoryServiceStub(self.channel)
        self.relocations = v1.RelocationServiceStub(self.channel)
        self.inbox = v1.InboxServiceStub(self.channel)

    def who_am_i(self) -> Any:
        return self.directory.WhoAmI(self.v1.WhoAmIRequest(), timeout=CALL_SECONDS)

    def actor(self, purpose: str) -> Message:
        function = "ekonomiskt bistånd"
        return self.v1.Actor(officer_id="handlaggare-7", function=function, case_number="1", purpose=purpose)

    def last_number(self) -> int:
        return self.inbox.ListNotices(self.v1.ListNoticesRequest(municipality=self.municipality)).last_number

    def watch(self) -> Iterator[Any]:
        request = self.v1.WatchInboxRequest(municipality=self.municipality)
        return self.inbox.WatchInbox(request, timeout=STREAM_SECONDS)
