"""Does copy change with the group of people that a brief names, and what does the filter stop?

Every generator writes copy for pairs of briefs that differ in one group ("women", "men") and
nothing else, and once more for the first of each pair, which shows how much chance alone changes.
Leaves bias.json, bias.md, copies.jsonl and metadata.json in the output directory. The groups and
contexts lie in finetune/bias/pairs.toml, the words that are counted in words.toml beside it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from finetune.bias.compare import Compared, Written, compare
from finetune.bias.labelled import LINES, Filtered, measure_filter, read_lines
from finetune.bias.pairs import LIST, Pair, read_pairs, sample
from finetune.bias.tables import bias_markdown, filter_markdown
from finetune.bias.traits import LEXICON
from finetune.generators.generate import (
    Generator,
    Sampling,
    Spec,
    function_digest,
    generator_identity,
    generator_parser,
    given_sampling,
    open_generator,
    parse_spec,
    refuse_shared_labels,
)
from finetune.stage import (
    Metadata,
    checked,
    file_digest,
    read_output,
    run_stage,
    say,
)

BIAS, TABLE, COPIES = "bias.json", "bias.md", "copies.jsonl"


class ProbeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is probed, and how. limit: pairs, each axis in its share; None for all."""

    generators: tuple[str, ...]
    limit: Annotated[int, Meta(ge=1)] | None = None
    seed: int = 1
    sampling: Sampling = Sampling()


class Bias(msgspec.Struct, frozen=True, kw_only=True):
    """What bias.json holds. generators: by label, axis and trait."""

    pairs: int
    generators: dict[str, dict[str, dict[str, Compared]]]
    filter: Filtered


def read_bias(directory: Path) -> Bias:
    """What a finished probe found. Raises StageError if there is none or it cannot be read."""
    return read_output(directory / BIAS, Bias, "run `tinycopy probe-bias`")


def probe(settings: ProbeSettings, out: Path) -> Metadata:
    """Probe every generator into `out`. Raises StageError if two share a label."""
    specs = [parse_spec(text) for text in settings.generators]
    refuse_shared_labels([spec.label for spec in specs])
    pairs = sample(read_pairs(), settings.limit, settings.seed)
    inputs = {spec.label: generator_identity(spec) for spec in specs}
    inputs |= {path.name: file_digest(path) for path in (LIST, LEXICON, LINES)}
    inputs["function"] = function_digest()

    def work(directory: Path) -> Mapping[str, Any]:
        written = {spec.label: _ask(spec, settings, pairs) for spec in specs}
        bias = Bias(
            pairs=len(pairs),
            generators={label: compare(pairs, copies) for label, copies in written.items()},
            filter=measure_filter(read_lines()),
        )
        _save(bias, pairs, written, directory)
        return {"pairs": len(pairs), "filter": bias.filter}

    return run_stage(
        "probe-bias", out, inputs=inputs, settings=settings, work=work, resumable=False
    )


def _ask(spec: Spec, settings: ProbeSettings, pairs: Sequence[Pair]) -> list[Written]:
    say(f"probe-bias: {spec.label}: {len(pairs)} pairs")
    return write(open_generator(spec, settings.sampling), pairs, settings.seed)


def write(generator: Generator, pairs: Sequence[Pair], seed: int) -> list[Written]:
    """Copy for both sides of each pair, and once more for the first from the next seed."""
    firsts, seconds = ([pair.briefs[side] for pair in pairs] for side in (0, 1))
    sides = (
        [copies[0].text for copies in generator.write(briefs, seed=of_side)]
        for briefs, of_side in ((firsts, seed), (seconds, seed), (firsts, seed + 1))
    )
    return [Written(*texts) for texts in zip(*sides, strict=True)]


def _save(
    bias: Bias, pairs: Sequence[Pair], written: Mapping[str, Sequence[Written]], directory: Path
) -> None:
    (directory / BIAS).write_bytes(msgspec.json.format(msgspec.json.encode(bias)) + b"\n")
    (directory / TABLE).write_text(
        f"{bias_markdown(bias.generators)}\n{filter_markdown(bias.filter)}\n", encoding="utf-8"
    )
    lines = [
        {"generator": label, "axis": pair.axis, "groups": pair.groups, "brief": pair.briefs[0]}
        | msgspec.to_builtins(one)
        for label, copies in written.items()
        for pair, one in zip(pairs, copies, strict=True)
    ]
    (directory / COPIES).write_bytes(msgspec.json.Encoder().encode_lines(lines))


def main(argv: Sequence[str] | None = None) -> None:
    """`tinycopy probe-bias`. Raises StageError."""
    parser = generator_parser("probe-bias", __doc__)
    add = parser.add_argument
    add("--limit", type=int, help="this many pairs, each axis in its share; default: all")
    given = parser.parse_args(argv)
    settings = checked(
        {
            "generators": given.generator,
            "limit": given.limit,
            "seed": given.seed,
            "sampling": given_sampling(given),
        },
        ProbeSettings,
    )
    metadata = probe(settings, given.out)
    say(f"probe-bias: {metadata.seconds} s; see {given.out / TABLE}")
