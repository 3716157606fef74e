"""Rewrite the parts of the documents that come from code or from a measurement.

A part lies between `<!-- generated: NAME -->` and `<!-- end: NAME -->`. `make docs` rewrites
those that follow from the code, and a test fails when one is out of step. `make readme` starts
the function as well, asks it, and rewrites the parts that were measured.
"""

import argparse
import re
import runpy
import subprocess
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import fuzz, report, soak
from deploy import cost
from distill import cli
from docs import measure
from finetune.bias.command import read_bias
from finetune.bias.labelled import measure_filter, read_lines
from finetune.bias.tables import bias_markdown, filter_markdown
from finetune.evaluation.metrics import Rate
from finetune.evaluation.report import Quoted
from finetune.evaluation.tables import percent
from finetune.generators.generate import generator_digest, parse_spec
from finetune.stage import read_metadata, read_output
from tinycopy import manifest as manifests
from tinycopy.checks import CHECKS

ROOT = Path(__file__).resolve().parent.parent
QUOTED = "docs/report.json"
"""The figures that `tinycopy report` leaves for other documents."""


class DocumentError(Exception):
    """A document lacks a part that should be generated; the message says which and where."""


@dataclass(frozen=True)
class Block:
    """A generated part: where it lies, what it is called and what writes its Markdown."""

    document: str
    name: str
    render: Callable[[], str]


def request() -> str:
    """The command that `make serve` prints."""
    curl: Callable[[int], str] = runpy.run_path(str(ROOT / "function" / "serve.py"))["curl"]
    return fenced("sh", curl(8080))


def targets() -> str:
    """What `make` lists."""
    command = ["make", "--no-print-directory", "help"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return fenced("text", listing.rstrip("\n"))


def commands() -> str:
    """What `tinycopy --help` prints."""
    return fenced("text", (cli.__doc__ or "").strip())


def checks() -> str:
    """The checks, one row each."""
    rows = [(f"`{check.name}`", check.summary) for check in CHECKS]
    return table(("check", "passes when"), rows)


def safety_filter() -> str:
    """How many of the labelled lines the safety filter stops."""
    return filter_markdown(measure_filter(read_lines()))


def quality() -> str:
    """How good the release is, from the figures that lie beside the report."""
    found = quoted()
    invented = found.no_new_numbers.rows - found.no_new_numbers.passed
    numbers = (
        "no copy had" if not invented else f"{invented} of {found.no_new_numbers.rows} copies had"
    )
    parts = [
        f"Of {found.rows} {found.split} briefs {_share(found.all_checks)} got copy that passes "
        f"every check ({100 * found.all_checks.low:.1f} to {100 * found.all_checks.high:.1f} %)"
    ]
    if found.probe:
        parts.append(f"of {found.probe.rows} briefs unlike the deck's {_share(found.probe)}")
    return textwrap.fill(f"{', '.join(parts)}; {numbers} a number that its brief lacks.", 100)


def tone() -> str:
    """How often the tone classifier is right about held-out copy of the deck."""
    found = quoted().deck_tone
    if found is None:
        raise DocumentError(f"{QUOTED}: has no figure of tones")
    return f"{percent(found)} %"


def quoted() -> Quoted:
    """The report's figures. Raises StageError if there are none."""
    return read_output(ROOT / QUOTED, Quoted, "run `make report`")


def _share(rate: Rate) -> str:
    return f"{100 * rate.share:.1f} %"


def bias(directory: Path) -> str:
    """What a finished `tinycopy probe-bias` of the embedded release found.

    Raises StageError if there is none, and DocumentError if it was of another release.
    """
    metadata, found = read_metadata(directory), read_bias(directory)
    embedded = ROOT / "function" / "tinycopy" / "embedded"
    if generator_digest(parse_spec(f"release={embedded}")) not in metadata.inputs.values():
        raise DocumentError(f"{directory}: not of the embedded release; run tinycopy probe-bias")
    release = manifests.digest((embedded / manifests.MANIFEST).read_bytes())
    return (
        f"{found.pairs} pairs, seed {metadata.settings['seed']}; release `{release[:12]}`.\n\n"
        f"{bias_markdown(found.generators).strip()}"
    )


BENCHMARKS = ("cold", "warm", "memory", "cost", "peers")

IN_STEP: tuple[Block, ...] = (
    Block("README.md", "request", request),
    Block("README.md", "quality", quality),
    Block("docs/evaluation.md", "tone", tone),
    Block("docs/development.md", "targets", targets),
    Block("docs/commands.md", "commands", commands),
    Block("docs/checks.md", "checks", checks),
    Block("docs/operations.md", "cost", cost.table),
    Block("docs/operations.md", "kept warm", cost.kept_warm),
    Block("docs/operations.md", "capacity", cost.busiest_capacity),
    Block("docs/operations.md", "served", lambda: cost.served_by(10)),
    Block("docs/operations.md", "regions", cost.regions),
    Block("docs/operations.md", "fuzz", fuzz.section),
    Block("docs/operations.md", "soak", soak.section),
    Block("README.md", "million", cost.million),
    Block("docs/safety.md", "filter", safety_filter),
    Block("README.md", "performance", report.figures_table),
    Block("docs/performance.md", "targets", report.targets_table),
    *(Block("docs/performance.md", name, report.section(name)) for name in BENCHMARKS),
)
"""Parts that follow from the code alone; the same code gives the same text."""

MEASURED: tuple[tuple[str, str], ...] = (("README.md", "answer"), ("README.md", "figures"))
"""Document and name of the parts that `make readme` measures on the running function."""


def fenced(language: str, text: str) -> str:
    """A fenced code block."""
    return f"```{language}\n{text}\n```"


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def read_block(document: str, name: str) -> str:
    """What the document holds now between the markers. Raises DocumentError if they are missing."""
    return _find(document, (ROOT / document).read_text(), name).group(2).strip("\n")


def write_block(document: str, name: str, markdown: str) -> None:
    """Put the Markdown between the markers, on lines of its own if it was so before.

    Raises DocumentError if they are missing.
    """
    path = ROOT / document
    text = path.read_text()
    found = _find(document, text, name)
    around = "\n" if found.group(2).startswith("\n") else ""
    path.write_text(f"{text[: found.start(2)]}{around}{markdown}{around}{text[found.end(2) :]}")


def _find(document: str, text: str, name: str) -> re.Match[str]:
    opening, closing = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
    found = re.search(f"({re.escape(opening)})(.*?){re.escape(closing)}", text, re.DOTALL)
    if found is None:
        raise DocumentError(f"{document}: no part between {opening} and {closing}")
    return found


def main(argv: list[str] | None = None) -> None:
    """Rewrite the parts; with --measure also those that the running function answers."""
    parser = argparse.ArgumentParser(description=__doc__, prog="docs.generate")
    parser.add_argument("--measure", action="store_true", help="start the function and measure it")
    parser.add_argument("--bias", type=Path, help="directory of a finished tinycopy probe-bias")
    given = parser.parse_args(argv)
    if given.bias:
        write_block("docs/safety.md", "bias", bias(given.bias))
    if given.measure:
        measured = measure.measure(ROOT)
        write_block("README.md", "answer", fenced("json", measured.answer))
        write_block("README.md", "figures", table(("what", "measured", "by"), measured.figures))
    for block in IN_STEP:
        write_block(block.document, block.name, block.render())


if __name__ == "__main__":
    main()
