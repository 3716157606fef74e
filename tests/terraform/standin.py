"""A stand-in for the provider hashicorp/google: its real schema and no cloud.

It serves tfplugin6 on loopback, and Terraform attaches to it through TF_REATTACH_PROVIDERS. What it
knows beyond the schema: the project and region of the provider's configuration are the defaults of
resources, an account's e-mail address follows from its id already in the plan, and values that the
documentation lists as possible are the only ones allowed. What the cloud would say at apply it
cannot know: every computed value becomes a made-up one that names its resource.

    python -m tests.terraform.standin terraform -chdir=terraform init -backend=false
"""

import contextlib
import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import msgpack

from tests.terraform.protobuf import data, fields, whole
from tests.terraform.schema import ADDRESS, SCHEMA

UNKNOWN = msgpack.ExtType(0, b"\x00")
NESTING = {"single": 1, "list": 2, "set": 3}
NAMES = ("name", "account_id", "repository_id", "secret_id", "slo_id", "service", "display_name")
CHOICE = re.compile(r'"([^"]*)"')
Block = dict[str, Any]
Values = dict[str, Any]
Request = dict[int, bytes]


# The schema as Terraform reads it: messages Schema and Schema.Block of tfplugin6.proto.


def _block_message(block: Block) -> bytes:
    out = b""
    for name, attribute in block.get("attributes", {}).items():
        out += data(
            2,
            data(1, name)
            + data(2, json.dumps(attribute["type"]))
            + whole(4, attribute.get("required", 0))
            + whole(5, attribute.get("optional", 0))
            + whole(6, attribute.get("computed", 0)),
        )
    for name, nested in block.get("block_types", {}).items():
        out += data(
            3,
            data(1, name)
            + data(2, _block_message(nested["block"]))
            + whole(3, NESTING[nested["nesting_mode"]])
            + whole(4, nested.get("min_items", 0))
            + whole(5, nested.get("max_items", 0)),
        )
    return out


def _schema_message(schema: Block) -> bytes:
    return whole(1, schema["version"]) + data(2, _block_message(schema["block"]))


# Values: msgpack with one extension for what is not known yet.


def _load(dynamic: bytes) -> Any:
    found = fields(dynamic)
    if 2 in found:
        return json.loads(found[2])
    return msgpack.unpackb(found[1], strict_map_key=False) if 1 in found else None


def _dump(value: Any) -> bytes:
    return data(1, msgpack.packb(value))


def is_unknown(value: Any) -> bool:
    """Whether a value is known only after apply."""
    return isinstance(value, msgpack.ExtType)


def _nested(block: Block, values: Values) -> Iterator[tuple[str, int, Block, Values]]:
    """Name, place, schema and values of every nested block that is known."""
    for name, nested in block.get("block_types", {}).items():
        inner = values.get(name)
        if inner is None or is_unknown(inner):
            continue
        for place, element in enumerate([inner] if nested["nesting_mode"] == "single" else inner):
            if element is not None and not is_unknown(element):
                yield name, place, nested["block"], element


def _leave_open(block: Block, values: Values) -> None:
    """Marks what the provider would compute as known after apply."""
    for name, attribute in block.get("attributes", {}).items():
        if attribute.get("computed") and values.get(name) is None:
            values[name] = UNKNOWN
    for _, _, inner, element in _nested(block, values):
        _leave_open(inner, element)


def _settle(block: Block, values: Values, place: str) -> None:
    """Gives every value that is still open a made-up one."""
    for name, attribute in block.get("attributes", {}).items():
        value = values.get(name)
        if is_unknown(value) or (attribute.get("computed") and value is None):
            values[name] = _made_up(attribute["type"], f"{place}.{name}")
    for name in block.get("block_types", {}):
        if is_unknown(values.get(name)):
            values[name] = []
    for name, _, inner, element in _nested(block, values):
        _settle(inner, element, f"{place}.{name}")


def _made_up(kind: Any, place: str) -> Any:
    simple = {"string": f"made-up-{place}", "number": 1, "bool": False}
    if isinstance(kind, str):
        return simple[kind]
    if kind[0] == "object":
        return {name: _made_up(inner, f"{place}.{name}") for name, inner in kind[1].items()}
    return {} if kind[0] == "map" else []


def _called(kind: str, values: Values) -> str:
    """A name for the made-up values of one resource."""
    name = next((values[key] for key in NAMES if isinstance(values.get(key), str)), "")
    return f"{kind}/{name}"


# Allowed values, where the schema lists them.


def _diagnostic(summary: str, path: tuple[str | int, ...]) -> bytes:
    steps = b"".join(
        data(1, data(1, step) if isinstance(step, str) else data(2, str(step))) for step in path
    )
    return whole(1, 1) + data(2, summary) + data(4, steps)


def _refused(block: Block, values: Values, path: tuple[str | int, ...] = ()) -> Iterator[bytes]:
    for name, attribute in block.get("attributes", {}).items():
        allowed = CHOICE.findall(attribute.get("description", ""))
        value = values.get(name)
        if allowed and isinstance(value, str) and value not in allowed:
            summary = f"expected {name} to be one of {allowed}, got {value}"
            yield _diagnostic(summary, (*path, name))
    for name, place, inner, element in _nested(block, values):
        yield from _refused(inner, element, (*path, name, place))


class Provider(grpc.GenericRpcHandler):  # type: ignore[misc]
    """The service tfplugin6.Provider: each method takes the fields of its request."""

    def __init__(self, document: dict[str, Any]) -> None:
        provider = document["provider_schemas"][ADDRESS]
        resources, sources = provider["resource_schemas"], provider["data_source_schemas"]
        self._resources = {name: schema["block"] for name, schema in resources.items()}
        self._sources = {name: schema["block"] for name, schema in sources.items()}
        self._defaults: dict[str, str] = {}
        self._schema = data(1, _schema_message(provider["provider"])) + b"".join(
            data(field, data(1, name) + data(2, _schema_message(schema)))
            for field, schemas in ((2, resources), (3, sources))
            for name, schema in schemas.items()
        )

    def service(self, call: Any) -> Any:
        """The handler of one method; None for a method that is not spoken here."""
        service, _, name = call.method.lstrip("/").partition("/")
        method: Callable[[Request], bytes] | None = getattr(self, name, None)
        if service != "tfplugin6.Provider" or method is None:
            return None
        return grpc.unary_unary_rpc_method_handler(lambda raw, _: method(fields(raw)))

    def GetProviderSchema(self, request: Request) -> bytes:  # noqa: N802
        return self._schema

    def ValidateProviderConfig(self, request: Request) -> bytes:  # noqa: N802
        return b""

    def ConfigureProvider(self, request: Request) -> bytes:  # noqa: N802
        config = _load(request[2])
        self._defaults = {
            key: config[key] for key in ("project", "region") if isinstance(config.get(key), str)
        }
        return b""

    def StopProvider(self, request: Request) -> bytes:  # noqa: N802
        return b""

    def ValidateResourceConfig(self, request: Request) -> bytes:  # noqa: N802
        block = self._resources[request[1].decode()]
        return b"".join(data(1, problem) for problem in _refused(block, _load(request[2])))

    def ValidateDataResourceConfig(self, request: Request) -> bytes:  # noqa: N802
        block = self._sources[request[1].decode()]
        return b"".join(data(1, problem) for problem in _refused(block, _load(request[2])))

    def UpgradeResourceState(self, request: Request) -> bytes:  # noqa: N802
        return data(1, data(2, fields(request[3])[1]))

    def ReadResource(self, request: Request) -> bytes:  # noqa: N802
        return data(1, request[2])

    def PlanResourceChange(self, request: Request) -> bytes:  # noqa: N802
        kind, prior, planned = request[1].decode(), _load(request[2]), _load(request[3])
        if planned is not None and prior is None:
            block = self._resources[kind]
            for name, value in self._defaults.items():
                if name in block["attributes"] and planned[name] is None:
                    planned[name] = value
            if kind == "google_service_account":
                _identify(planned)
            _leave_open(block, planned)
        return data(1, _dump(planned)) + whole(5, 1)  # 5: planned as the older SDK does

    def ApplyResourceChange(self, request: Request) -> bytes:  # noqa: N802
        kind, values = request[1].decode(), _load(request[3])
        if values is not None:
            _settle(self._resources[kind], values, _called(kind, values))
        return data(1, _dump(values)) + whole(4, 1)

    def ReadDataSource(self, request: Request) -> bytes:  # noqa: N802
        kind, values = request[1].decode(), _load(request[2])
        _settle(self._sources[kind], values, _called(f"data.{kind}", values))
        return data(1, _dump(values))


def _identify(account: Values) -> None:
    """What the real provider, too, knows of a service account before it exists."""
    email = f"{account['account_id']}@{account['project']}.iam.gserviceaccount.com"
    account["email"], account["member"] = email, f"serviceAccount:{email}"


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Serves the provider in this process and yields the value of TF_REATTACH_PROVIDERS."""
    unlimited = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(8), options=unlimited)
    document = json.loads(gzip.decompress(SCHEMA.read_bytes()))
    server.add_generic_rpc_handlers((Provider(document),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    address = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
    attach = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True}
    try:
        yield json.dumps({ADDRESS: attach | {"Addr": address}})
    finally:
        server.stop(None).wait()


def main(command: list[str]) -> int:
    """Runs a command, such as terraform, while the stand-in serves. Its exit status."""
    with serving() as attach:
        return subprocess.call(command, env=os.environ | {"TF_REATTACH_PROVIDERS": attach})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
