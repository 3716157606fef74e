"""The routes of Tinycopy's own API: copy, checks, templates, info, health.

Not covered here: the page (page_files.py) and the documentation (routes.py).
"""

import platform
from importlib.metadata import version
from typing import Any

import msgspec
from flask import Response

from tinycopy import brief as briefs
from tinycopy.body import json_response, read_json
from tinycopy.brief import WORD_RANGES, Brief, CopyType, Length, Tone, room_for
from tinycopy.checks import CHECKS, run_checks
from tinycopy.loader import Serving
from tinycopy.service import Call, Service
from tinycopy.wire import (
    MAX_TEXT,
    MAX_VARIANTS,
    CheckBody,
    CheckRequest,
    ChecksBody,
    CopyBody,
    CopyRequest,
    FormField,
    HealthBody,
    InfoBody,
    ModelBody,
    ReleaseBody,
    Template,
    TemplatesBody,
    Usage,
    VariantBody,
    WordRange,
)

EXAMPLES: dict[CopyType, Brief] = {
    brief.type: brief
    for brief in (
        Brief(
            type=CopyType.PRODUCT_DESCRIPTION,
            product="Sunrise Mug",
            category="travel mug",
            features=("double-walled ceramic", "holds 350 ml", "dishwasher safe"),
            tone=Tone.CASUAL,
            length=Length.SHORT,
            audience="early risers",
            keywords=("coffee",),
        ),
        Brief(
            type=CopyType.SOCIAL_POST,
            product="Trailhead 20",
            category="hiking backpack",
            features=("20 litres", "rain cover included"),
            tone=Tone.EXCITING,
            length=Length.SHORT,
            audience="weekend hikers",
        ),
        Brief(
            type=CopyType.AD_HEADLINE,
            product="LedgerLeaf",
            category="bookkeeping app",
            features=("reads receipts from photos", "files VAT returns"),
            keywords=("receipts",),
        ),
        Brief(
            type=CopyType.SLOGAN,
            prompt="a family bakery that bakes sourdough bread every morning",
            tone=Tone.CASUAL,
        ),
        Brief(
            type=CopyType.EMAIL_SUBJECT,
            product="Harbour Lamp",
            category="desk lamp",
            features=("dims in five steps", "two-year guarantee"),
            tone=Tone.FORMAL,
            audience="people who work at home",
        ),
    )
}
"""A brief of each type, to start from."""


def copy(service: Service, call: Call) -> Response:
    """Copy for a brief."""
    asked = read_json(call.request, CopyRequest, service.settings.max_body_bytes)
    answer = service.write(
        call, asked, asked.variants, asked.seed, asked.temperature, asked.opening
    )
    written, serving = answer.written, answer.serving
    return json_response(
        CopyBody(
            id=f"copy-{call.id}",
            variants=tuple(VariantBody(v.text, v.checks) for v in written.variants),
            model=ModelBody(serving.digest, serving.source, serving.trouble is not None),
            usage=Usage(
                written.prompt_tokens, written.completion_tokens, written.candidates, answer.ms
            ),
        )
    )


def checks(service: Service, call: Call) -> Response:
    """The verdicts on copy that somebody wrote or edited."""
    asked = read_json(call.request, CheckRequest, service.settings.max_body_bytes)
    return json_response(ChecksBody(run_checks(asked, asked.text)))


def templates(service: Service, call: Call) -> Response:
    """The types of copy and the form for a brief."""
    return json_response(
        TemplatesBody(
            templates=tuple(_template(type_) for type_ in CopyType),
            fields=_form_fields(),
            tones=tuple(Tone),
            lengths=tuple(Length),
            checks=tuple(CheckBody(check.name, check.summary) for check in CHECKS),
        )
    )


def _template(type_: CopyType) -> Template:
    example = msgspec.to_builtins(EXAMPLES[type_])
    return Template(
        type=type_,
        title=type_.replace("_", " ").capitalize(),
        words={
            length: WordRange(*WORD_RANGES[type_][length], room_for(type_, length))
            for length in Length
        },
        example={name: value for name, value in example.items() if value},
    )


def _form_fields() -> tuple[FormField, ...]:
    """The fields of a request with their limits, read from its own JSON schema."""
    schema = msgspec.json.schema_components([CopyRequest], ref_template="{name}")[1]
    found = []
    for name, field in schema["CopyRequest"]["properties"].items():
        options = field.get("anyOf", [field])
        text: dict[str, int] = next((o for o in options if o.get("type") == "string"), {})
        number: dict[str, Any] = next((o for o in options if "minimum" in o), {})
        choices = next((schema[o["$ref"]]["enum"] for o in options if "$ref" in o), ())
        item = field.get("items", {})
        found.append(
            FormField(
                name=name,
                kind="list" if item else "choice" if choices else number.get("type", "text"),
                description=field.get("description") or number["description"],
                required=name in schema["CopyRequest"]["required"],
                max_length=item.get("maxLength", text.get("maxLength")),
                max_items=field.get("maxItems"),
                choices=tuple(choices),
                default=field.get("default") if choices or number else None,
                least=number.get("minimum"),
                most=number.get("maximum"),
            )
        )
    return tuple(found)


def info(service: Service, call: Call) -> Response:
    """The release that serves, limits and versions."""
    serving = service.loader.now()
    return json_response(
        InfoBody(
            release=_release(serving) if serving else None,
            limits={
                "body_bytes": service.settings.max_body_bytes,
                "variants": MAX_VARIANTS,
                "product_characters": briefs.MAX_PRODUCT,
                "prompt_characters": briefs.MAX_PROMPT,
                "text_characters": MAX_TEXT,
                "features": briefs.MAX_FEATURES,
                "keywords": briefs.MAX_KEYWORDS,
                "concurrency": service.settings.concurrency,
                "queue": service.settings.queue,
            },
            versions={
                "python": platform.python_version(),
                **{name: version(name) for name in ("ctranslate2", "sentencepiece", "msgspec")},
            },
        )
    )


def _release(serving: Serving) -> ReleaseBody:
    manifest = serving.manifest
    return ReleaseBody(
        digest=serving.digest,
        source=serving.source,
        degraded=serving.trouble is not None,
        encoding=manifest.encoding,
        compute_type=manifest.compute_type,
        parameters=manifest.parameters,
        bytes=sum(file.bytes for file in manifest.files.values()),
        created_at=manifest.created_at,
        git_commit=manifest.git_commit,
        scores=manifest.scores,
        trouble=serving.trouble,
    )


def health(service: Service, call: Call) -> Response:
    """Liveness: answers at once, whatever the loader does."""
    if service.loader.now() is not None:
        return json_response(HealthBody("ready"))
    return json_response(HealthBody("failing" if service.loader.failing() else "loading"))
