"""The documentation page, generated from the OpenAPI document; it asks no other host for anything.

docs.html is its frame, docs.css and docs.js stand inline and are allowed by their digests alone.
"""

import base64
import hashlib
import json
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from tinycopy.errors import PROBLEMS
from tinycopy.snippets import SNIPPETS, Snippet

_HERE = Path(__file__).parent


def page(document: dict[str, Any]) -> tuple[bytes, str]:
    """The page as UTF-8 HTML, and the Content-Security-Policy that it needs."""
    style = (_HERE / "docs.css").read_text("utf-8")
    script = (_HERE / "docs.js").read_text("utf-8")
    html = Template((_HERE / "docs.html").read_text("utf-8")).substitute(
        style=style,
        script=script,
        summary=escape(document["info"]["summary"]),
        requests="".join(
            _requests(path, method, operation)
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        ),
        clients="".join(_client(snippet) for snippet in SNIPPETS),
        routes="".join(
            _route(path, method, operation)
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        ),
        schemas="".join(
            _schema(name, schema) for name, schema in document["components"]["schemas"].items()
        ),
        problems="".join(
            f'<tr id="problem-{p.slug}"><td><code>{p.slug}</code></td><td>{p.status}</td>'
            f"<td>{escape(p.title)}</td><td>{escape(p.__doc__ or '')}</td></tr>"
            for p in PROBLEMS
        ),
    )
    policy = (
        f"default-src 'none'; style-src {_allowed(style)}; script-src {_allowed(script)}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return html.encode(), policy


def _allowed(source: str) -> str:
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _requests(path: str, method: str, operation: dict[str, Any]) -> str:
    """The requests to a route that can be tried, as options of a list; only those in JSON."""
    title = f"{method.upper()} {path}"
    if "requestBody" in operation:
        examples = operation["requestBody"]["content"]["application/json"]["examples"]
        bodies = [(f"{title} ({n})", json.dumps(e["value"], indent=2)) for n, e in examples.items()]
    else:
        bodies = [(title, "")] if "content" in operation["responses"]["200"] else []
    return "".join(
        f'<option data-method="{method.upper()}" data-path="{escape(path[1:])}" '
        f'value="{escape(body)}">{escape(name)}</option>'
        for name, body in bodies
    )


def _client(snippet: Snippet) -> str:
    return (
        f"<h3>{escape(snippet.client)}</h3><p>Needs {escape(snippet.needs)}.</p>"
        f'<pre class="client">{escape(snippet.text)}</pre>'
    )


def _route(path: str, method: str, operation: dict[str, Any]) -> str:
    bodies = []
    if "requestBody" in operation:
        bodies.append(("reads", operation["requestBody"]["content"]))
    bodies += [(code, r.get("content", {})) for code, r in operation["responses"].items()]
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{_media(content)}</td><td>"
        f"{escape(operation['responses'].get(name, {}).get('description', ''))}</td></tr>"
        for name, content in bodies
    )
    return (
        f"<h3><code>{method.upper()} {escape(path)}</code></h3>"
        f"<p>{escape(operation['summary'])}</p><table><tbody>{rows}</tbody></table>"
    )


def _media(content: dict[str, Any]) -> str:
    return ", ".join(f"{_kind(m['schema'])} ({escape(t)})" for t, m in content.items())


def _schema(name: str, schema: dict[str, Any]) -> str:
    about = f"<p>{escape(schema.get('description', ''))}</p>"
    if "enum" in schema:
        values = ", ".join(f"<code>{escape(str(v))}</code>" for v in schema["enum"])
        return f'<h3 id="{escape(name)}">{escape(name)}</h3>{about}<p>One of {values}.</p>'
    required = schema.get("required", [])
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code>{'' if field in required else ' (optional)'}</td>"
        f"<td>{_kind(what)}</td><td>{escape(what.get('description', ''))}</td></tr>"
        for field, what in schema.get("properties", {}).items()
    )
    return (
        f'<h3 id="{escape(name)}">{escape(name)}</h3>{about}<table><thead><tr><th>field</th>'
        f"<th>kind</th><th>meaning</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words, with links to the bodies that it names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(option) for option in schema["anyOf"])
    kind = str(schema.get("type", "anything"))
    if kind == "array" and isinstance(schema.get("items"), dict):
        kind = f"list of {_kind(schema['items'])}"
    elif kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        kind = f"object of {_kind(schema['additionalProperties'])}"
    limits = {
        "minLength": "at least {} characters",
        "maxLength": "at most {} characters",
        "maxItems": "at most {}",
        "minimum": "at least {}",
        "maximum": "at most {}",
    }
    said = [text.format(schema[key]) for key, text in limits.items() if key in schema]
    return kind + (f" ({', '.join(said)})" if said else "")
