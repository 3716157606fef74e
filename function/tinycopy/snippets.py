"""How to ask the function for copy from common clients; the documentation page shows these.

Each is run against a real function by tests/page/test_docs.py.
"""

from dataclasses import dataclass

ADDRESS = "http://localhost:8080"
"""Where the snippets ask; the page puts its own address in its place."""


@dataclass(frozen=True)
class Snippet:
    """One client: its name, what it needs, and the whole program."""

    client: str
    needs: str
    text: str


SNIPPETS: tuple[Snippet, ...] = (
    Snippet(
        "curl",
        "any shell",
        f"""\
curl -s {ADDRESS}/v1/copy \\
  -H 'Content-Type: application/json' \\
  -d '{{"type": "slogan", "product": "Sunrise Mug", "features": ["holds 350 ml"]}}'
""",
    ),
    Snippet(
        "Python",
        "the standard library",
        f"""\
import json
import urllib.request

brief = {{"type": "slogan", "product": "Sunrise Mug", "features": ["holds 350 ml"]}}
request = urllib.request.Request(
    "{ADDRESS}/v1/copy",
    data=json.dumps(brief).encode(),
    headers={{"Content-Type": "application/json"}},
)
with urllib.request.urlopen(request) as response:
    for variant in json.load(response)["variants"]:
        print(variant["text"])
""",
    ),
    Snippet(
        "JavaScript",
        "a browser, or Node 18 or newer",
        f"""\
const response = await fetch("{ADDRESS}/v1/copy", {{
  method: "POST",
  headers: {{ "Content-Type": "application/json" }},
  body: JSON.stringify({{ type: "slogan", product: "Sunrise Mug", features: ["holds 350 ml"] }}),
}});
const answer = await response.json();
if (!response.ok) throw new Error(answer.detail);
for (const variant of answer.variants) console.log(variant.text);
""",
    ),
    Snippet(
        "OpenAI SDK",
        "Python with pip install openai",
        f"""\
from openai import OpenAI

client = OpenAI(base_url="{ADDRESS}/v1", api_key="unused")
answer = client.completions.create(
    model="tinycopy-slogan",
    prompt="a family bakery that bakes sourdough bread every morning",
)
print(answer.choices[0].text)
""",
    ),
)
