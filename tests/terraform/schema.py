"""Rebuild the schema of hashicorp/google that the stand-in serves, of the resources used here.

    pip download --no-deps cdktn-provider-google==21.1.0
    python -m tests.terraform.schema cdktn_provider_google-21.1.0-py3-none-any.whl

The wheel holds the provider's schema as classes of TypeScript; nothing of it is run. Written is
google.json.gz beside this file, in the form of `terraform providers schema -json`.
"""

import argparse
import base64
import gzip
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = Path(__file__).with_name("google.json.gz")
ADDRESS = "registry.terraform.io/hashicorp/google"
FORBIDDEN = ("google_secret_manager_secret_version",)
"""Used nowhere, and served so that a rule can find it."""
USED = re.compile(r'^(resource|data) "(google_\w+)"', re.MULTILINE)

CLASS = re.compile(r"^export class (\w+) extends cdkt[fn]\.(\w+) \{$", re.MULTILINE)
ATTRIBUTE = re.compile(
    r"^  // ([a-z0-9_]+) - computed: (\w+), optional: (\w+), required: (\w+)$", re.MULTILINE
)
HCL = re.compile(
    r'^ +([a-z0-9_]+): \{\n +value: .*\n +isBlock: (\w+),\n +type: "(\w+)",'
    r'\n +storageClassType: "(\w+)"',
    re.MULTILINE,
)
FUNCTION = re.compile(r"^export function (\w+)ToHclTerraform\(.*?^\}$", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r'private _\w+ = new (cdkt[fn]\.)?(\w+)\(this, "\w+"(?:, (\w+))?\)')
GETTER = re.compile(r"return (?:this|cdkt[fn]\.Fn)\.(\w+)\(")
INTERFACE = re.compile(r"^export interface (\w+) .*?^\}$", re.MULTILINE | re.DOTALL)
DOC = re.compile(r"/\*\*\n((?:  \*.*\n)*?)  \* Docs at Terraform Registry: \{@link \S+ \w+#(\w+)\}")
CHOICES = re.compile(r"Possible values: \[[^\]]*\]")
VERSION = re.compile(r"providerVersion: '([\d.]+)'")

BY_GETTER: dict[str, Any] = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
    "getBooleanMapAttribute": ["map", "bool"],
    "getNumberMapAttribute": ["map", "number"],
    "interpolationForAttribute": "dynamic",
    "tolist": ["set", "string"],
}
BY_FIELD: dict[str, Any] = {
    "StringMap": ["map", "string"],
    "BooleanMap": ["map", "bool"],
    "NumberMap": ["map", "number"],
    "StringMapList": ["list", ["map", "string"]],
}
BY_STORAGE: dict[str, Any] = {
    "string": "string",
    "boolean": "bool",
    "number": "number",
    "stringList": ["list", "string"],
    "stringMap": ["map", "string"],
}


class SchemaError(Exception):
    """The wheel lacks a resource, or is of another form; the message names the resource."""


def used(folder: Path) -> set[str]:
    """Types to serve: those in the HCL below a folder (data sources as `data.TYPE`), FORBIDDEN."""
    found = set(FORBIDDEN)
    for path in folder.rglob("*.tf"):
        for kind, name in USED.findall(path.read_text()):
            found.add(name if kind == "resource" else f"data.{name}")
    return found


def sources(wheel: Path) -> Iterator[str]:
    """The TypeScript of each resource, data source and of the provider. A large one is in parts."""
    parts: dict[str, list[str]] = {}
    with zipfile.ZipFile(wheel) as archive:
        packed = next((name for name in archive.namelist() if name.endswith(".jsii.tgz")), None)
        if packed is None:
            raise SchemaError(f"{wheel}: holds no *.jsii.tgz: is it cdktn-provider-google?")
        with archive.open(packed) as file, tarfile.open(fileobj=file, mode="r|gz") as tar:
            for member in tar:
                place = re.fullmatch(r"package/lib/([^/]+)/(?:[^/]+/)?\w+\.js", member.name)
                content = tar.extractfile(member)
                if place is None or content is None:
                    continue
                _, marker, encoded = content.read().rpartition(b"base64,")
                if marker:
                    text = json.loads(base64.b64decode(encoded.strip()))["sourcesContent"][0]
                    parts.setdefault(place[1], []).append(text)
    yield from ("\n".join(texts) for texts in parts.values())


class Module:
    """One resource's TypeScript; `block` is its schema."""

    def __init__(self, text: str) -> None:
        starts = [(m.start(), m[1], m[2]) for m in CLASS.finditer(text)]
        ends = [start for start, _, _ in starts[1:]] + [len(text)]
        self._bodies = {
            name: text[start:end] for (start, name, _), end in zip(starts, ends, strict=True)
        }
        tops = [(name, base) for _, name, base in starts if base.startswith("Terraform")]
        if not tops:
            raise SchemaError("no class extends TerraformResource, -DataSource or -Provider")
        self.main, self.base = tops[0]
        self._hcl = {m[1]: _hcl(m[0]) for m in FUNCTION.finditer(text)}
        self._docs = {
            (interface[1], doc[2]): doc[1]
            for interface in INTERFACE.finditer(text)
            for doc in DOC.finditer(interface[0])
        }

    def block(self, name: str | None = None) -> dict[str, Any]:
        """The schema of a class: attributes and nested blocks. None: of the resource itself."""
        name = name or self.main
        body = self._bodies[name]
        if name == self.main:
            described = _hcl(body)
        else:
            described = self._hcl.get(_lower(name.removesuffix("OutputReference")), {})
        attributes: dict[str, Any] = {}
        blocks: dict[str, Any] = {}
        found = list(ATTRIBUTE.finditer(body))
        for at, match in enumerate(found):
            end = found[at + 1].start() if at + 1 < len(found) else len(body)
            segment = body[match.end() : end]
            is_block, kind, storage = described.get(match[1], (False, "", ""))
            field = FIELD.search(segment)
            if is_block:
                required = match[4] == "true"
                blocks[match[1]] = self._nested(field, kind, storage, required)
                continue
            attribute: dict[str, Any] = {"type": self._type(field, segment, kind, storage)}
            for word, given in zip(
                ("computed", "optional", "required"), match.groups()[1:], strict=True
            ):
                if given == "true":
                    attribute[word] = True
            attributes[match[1]] = attribute | self._choices(name, match[1])
        both = {"attributes": attributes, "block_types": blocks}
        return {key: value for key, value in both.items() if value}

    def _nested(
        self, field: re.Match[str] | None, kind: str, storage: str, required: bool
    ) -> dict[str, Any]:
        if field is None:  # the provider's own blocks have no class
            described = self._hcl[_lower(storage.removesuffix("List"))]
            attributes = {
                key: {"type": BY_STORAGE.get(of, "dynamic"), "optional": True}
                for key, (_, _, of) in described.items()
            }
            return {"nesting_mode": "list", "block": {"attributes": attributes}}
        single, block = self._element(field)
        if kind == "struct":  # timeouts
            return {"nesting_mode": "single", "block": block}
        nested: dict[str, Any] = {"nesting_mode": "set" if kind == "set" else "list"}
        if single:
            nested["max_items"] = 1
        if required:
            nested["min_items"] = 1
        return nested | {"block": block}

    def _element(self, field: re.Match[str]) -> tuple[bool, dict[str, Any]]:
        name = field[2]
        if name.endswith("OutputReference"):
            return True, self.block(name)
        return False, self.block(name.removesuffix("List") + "OutputReference")

    def _type(self, field: re.Match[str] | None, segment: str, kind: str, storage: str) -> Any:
        if field and field[1]:
            return BY_FIELD[field[2]]
        if field:
            return ["set" if field[3] == "true" else "list", _object(self._element(field)[1])]
        getter = GETTER.search(segment)
        found = BY_GETTER.get(getter[1], "string") if getter else BY_STORAGE[storage]
        return ["set", "string"] if kind == "set" and found == ["list", "string"] else found

    def _choices(self, name: str, attribute: str) -> dict[str, str]:
        """The allowed values, where the documentation lists them; the rest of it is left out."""
        owner = f"{name}Config" if name == self.main else name.removesuffix("OutputReference")
        choices = CHOICES.search(self._docs.get((owner, attribute), ""))
        return {"description": choices[0]} if choices else {}


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _hcl(text: str) -> dict[str, tuple[bool, str, str]]:
    return {m[1]: (m[2] == "true", m[3], m[4]) for m in HCL.finditer(text)}


def _object(block: dict[str, Any]) -> Any:
    fields = {name: a["type"] for name, a in block.get("attributes", {}).items()}
    for name, nested in block.get("block_types", {}).items():
        fields[name] = [nested["nesting_mode"], _object(nested["block"])]
    return ["object", fields]


def rebuild(wheel: Path, wanted: set[str]) -> dict[str, Any]:
    """The schema document of the wanted types. Raises SchemaError if the wheel lacks one."""
    schemas: dict[str, Any] = {"resource_schemas": {}, "data_source_schemas": {}}
    version = None
    for text in sources(wheel):
        named = re.search(r'tfResourceType = "(\w+)"', text)
        if named is None:
            continue
        is_data = re.search(r"extends cdkt[fn]\.TerraformDataSource", text) is not None
        is_provider = re.search(r"extends cdkt[fn]\.TerraformProvider", text) is not None
        name = f"data.{named[1]}" if is_data else named[1]
        if name not in wanted and not is_provider:
            continue
        schema = {"version": 0, "block": Module(text).block()}
        if is_provider:
            schemas["provider"] = schema
            continue
        version = version or VERSION.search(text)
        schemas["data_source_schemas" if is_data else "resource_schemas"][named[1]] = schema
    had = {
        *schemas["resource_schemas"],
        *(f"data.{name}" for name in schemas["data_source_schemas"]),
    }
    if version is None or "provider" not in schemas or had != wanted:
        raise SchemaError(f"{wheel}: lacks {', '.join(sorted(wanted - had)) or 'the provider'}")
    return {
        "format_version": "1.0",
        "x_provider_version": version[1],
        "provider_schemas": {ADDRESS: schemas},
    }


def write(document: dict[str, Any], out: Path) -> None:
    """Writes the document, packed; the same document gives the same bytes."""
    raw = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    out.write_bytes(gzip.compress(raw, mtime=0))


def main(argv: list[str] | None = None) -> None:
    """Rebuilds google.json.gz from a wheel, for the resources that terraform/ uses."""
    parser = argparse.ArgumentParser(description=__doc__, prog="tests.terraform.schema")
    parser.add_argument("wheel", type=Path)
    wanted = used(ROOT / "terraform")
    document = rebuild(parser.parse_args(argv).wheel, wanted)
    write(document, SCHEMA)
    print(f"{SCHEMA.name}: {document['x_provider_version']}, {len(wanted)} types")


if __name__ == "__main__":
    main()
