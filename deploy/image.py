"""Estimate the container image: what its layers add to the base image, beside one with torch.

Sizes are those of the files that this environment's packages recorded at installation, unpacked,
for what each image would install and everything that requires. The base, python:3.13-slim, is the
same for both and not counted. Registries hold layers compressed (docs/operations.md, Container).
"""

import importlib.metadata
import re
from collections.abc import Iterable
from pathlib import Path

FUNCTION = Path("function")
NAME = re.compile(r"^[A-Za-z0-9._-]+", re.MULTILINE)
WITH_TORCH = ("functions-framework", "msgspec", "sentencepiece", "torch", "transformers")
MEGABYTE = 1_000_000


def required(names: Iterable[str]) -> dict[str, importlib.metadata.Distribution]:
    """The packages and all that they require without extras, as far as they are installed here."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # asked for on another platform or Python alone
        lines = [line for line in found[name].requires or () if "extra ==" not in line]
        waiting += [match[0] for line in lines if (match := NAME.match(line))]
    return found


def package_bytes(distribution: importlib.metadata.Distribution) -> int:
    """The size of the files of a package."""
    paths = [Path(str(file.locate())) for file in distribution.files or ()]
    return sum(path.stat().st_size for path in paths if path.is_file())


def source_bytes(source: Path) -> int:
    """The size of the function with its embedded release."""
    return sum(
        path.stat().st_size
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def table(source: Path = FUNCTION) -> str:
    """Both images as Markdown."""
    ours = NAME.findall((source / "requirements.txt").read_text("utf-8"))
    rows = ["| layers beside the base | packages | unpacked |", "|---|---|---|"]
    for title, names in (("Tinycopy", ours), ("with torch and transformers", WITH_TORCH)):
        packages = required(names)
        size = sum(map(package_bytes, packages.values())) + source_bytes(source)
        rows.append(f"| {title} | {len(packages)} | {size / MEGABYTE:,.0f} MB |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
