"""What a report and a talk are made from: evaluations and what else was saved, read and checked.

Both show the same figures because both read them here. Not covered here: how they show them
(report.py, slides/).
"""

import argparse
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec

import tinycopy
from finetune.bias.command import Bias, read_bias
from finetune.deck import PARTS, Row, read_shipped
from finetune.deck_report import Counts, count_rows
from finetune.e2e.result import E2eEvaluation, read_e2e
from finetune.evaluation.assess import (
    COPIES,
    ROWS,
    Evaluation,
    Written,
    corpus_scores,
    read_evaluation,
)
from finetune.evaluation.resampling import Resampled
from finetune.evaluation.serving import Served, read_served
from finetune.generators.generate import DECK, generator_digest, parse_spec
from finetune.judge.score import Judgement, read_judgement
from finetune.sources import SPLITS
from finetune.stage import METADATA, Metadata, StageError, digest, read_metadata, read_output
from tinycopy import manifest as manifests

EMBEDDED = Path(tinycopy.__file__).parent / "embedded"
"""The release that lies in the repository, the one that a report is of unless it names another."""


class Release(msgspec.Struct, frozen=True):
    """The release that is reported. identity: what evaluations call it (generator_digest)."""

    digest: str
    manifest: manifests.Manifest
    identity: str

    @property
    def bytes(self) -> int:
        """The size of its files."""
        return sum(file.bytes for file in self.manifest.files.values())


class Evaluated(msgspec.Struct, frozen=True):
    """One finished evaluation.

    release: the label of the release that is reported, if it is there.  scores: by label, those
    with intervals by resampling; none if the evaluation kept no rows.
    """

    name: str
    directory: Path
    evaluation: Evaluation
    metadata: Metadata
    release: str | None
    scores: Mapping[str, Mapping[str, Resampled]]

    @property
    def what(self) -> str:
        """Which rows these are: 'all 686 rows of the test split'."""
        settings, rows = self.evaluation.settings, self.evaluation.rows
        if settings.limit is None:
            return f"all {rows:,} rows of the {settings.split} split"
        return f"{rows:,} rows of the {settings.split} split, each type in its share"


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """All that was given. What was not is None or empty.

    release: None if no evaluation is of it.  stages: of the chain, but conversion, which the
    manifest tells.  deck: the counts of the shipped deck by part and split, if it was learnt from.
    """

    evaluations: Sequence[Evaluated]
    release: Release | None
    stages: Sequence[Metadata]
    deck: Mapping[str, Counts]
    bias: Bias | None
    e2e: Sequence[E2eEvaluation]
    served: Served | None
    judgement: Judgement | None

    def of_release(self) -> list[tuple[Evaluated, str]]:
        """The evaluations that the release is in, with its label there."""
        return [(one, one.release) for one in self.evaluations if one.release is not None]

    def most_rows(self) -> tuple[Evaluated, str]:
        """The evaluation on most rows, of the release if there is one, and whose copy it shows."""
        found = self.of_release() or [
            (one, [label for label in one.evaluation.entries if label != DECK][-1])
            for one in self.evaluations
        ]
        return max(found, key=lambda pair: pair[0].evaluation.rows)

    def student(self) -> Metadata | None:
        """The stage that trained the release's student: the one with its manifest's recipe."""
        students = [stage for stage in self.stages if stage.stage == "student"]
        if self.release is None:
            return students[-1] if students else None
        recipe = self.release.manifest.recipe
        return next((stage for stage in students if stage.settings == recipe), None)


def inputs_parser(command: str, description: str | None, out: str) -> argparse.ArgumentParser:
    """The options of a command that is made from saved results. out: what --out is."""
    parser = argparse.ArgumentParser(
        prog=f"tinycopy {command}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("evaluations", nargs="+", type=Path, metavar="EVALUATION")
    add("--out", type=Path, required=True, help=out)
    add("--release", type=Path, help="directory of the release; default: the embedded one")
    add("--stage", type=Path, action="append", default=[], help="a stage's output; repeatable")
    add("--bias", type=Path, help="output of `tinycopy probe-bias`")
    add(
        "--e2e",
        type=Path,
        action="append",
        default=[],
        help="output of `tinycopy evaluate-e2e`; repeatable",
    )
    add("--benchmarks", type=Path, help="directory of the results of `make bench`")
    add("--judged", type=Path, help="output of `tinycopy judge score`")
    return parser


def read_inputs(given: argparse.Namespace) -> Inputs:
    """What the options name. Raises StageError for what is not there or of another release."""
    asked = _release(given.release or EMBEDDED)
    evaluations = _evaluations(given.evaluations, asked)
    release = asked if any(one.release is not None for one in evaluations) else None
    if release is None and given.release is not None:
        raise StageError(
            f"no evaluation is of the release {given.release}; run `tinycopy evaluate "
            f"--generator release={given.release}` and name its output"
        )
    found = [e.stage for one in evaluations for e in one.evaluation.entries.values() if e.stage]
    found += [read_metadata(directory) for directory in given.stage]
    return Inputs(
        evaluations=evaluations,
        release=release,
        stages=list({one.fingerprint: one for one in found if one.stage != "convert"}.values()),
        deck=_deck({one.metadata.inputs.get("training rows", "") for one in evaluations}),
        bias=_bias(given.bias, release) if given.bias else None,
        e2e=[read_e2e(directory) for directory in given.e2e],
        served=read_served(given.benchmarks) if given.benchmarks else None,
        judgement=read_judgement(given.judged) if given.judged else None,
    )


def base_model(stage: Metadata) -> str:
    """The name of the pretrained model below a fine-tuned one, which may go on from another."""
    base = str(stage.settings.get("base", ""))
    while (Path(base) / METADATA).is_file():
        base = str(read_metadata(Path(base)).settings.get("base", ""))
    return model_name(base)


def model_name(where: str) -> str:
    """A model's name without where it lies: 'SmolLM2-135M-Instruct.Q4_1'."""
    return where.rpartition("/")[2].removesuffix(".gguf")


def _release(directory: Path) -> Release:
    spec = parse_spec(f"release={directory}")
    raw = (directory / manifests.MANIFEST).read_bytes()
    try:
        manifest = manifests.parse(raw)
    except manifests.ReleaseError as error:
        raise StageError(f"{directory}: {error}") from error
    return Release(manifests.digest(raw), manifest, str(generator_digest(spec)))


def _evaluations(directories: Sequence[Path], release: Release) -> list[Evaluated]:
    names = [directory.resolve().name for directory in directories]
    if len(set(names)) < len(names):
        raise StageError(f"evaluations share a name ({', '.join(names)}); rename their directories")
    found = []
    for name, directory in zip(names, directories, strict=True):
        evaluation, metadata = read_evaluation(directory), read_metadata(directory)
        label = next((n for n, d in metadata.inputs.items() if d == release.identity), None)
        found.append(
            Evaluated(name, directory, evaluation, metadata, label, _scores(directory, evaluation))
        )
    return found


def _scores(directory: Path, evaluation: Evaluation) -> Mapping[str, Mapping[str, Resampled]]:
    """Scores with intervals, from the rows and the copies that an evaluation keeps."""
    path = directory / ROWS
    if not path.is_file():
        return {}
    rows = [msgspec.json.decode(line, type=Row) for line in path.read_bytes().splitlines()]
    written = {
        label: read_output(
            directory / COPIES / f"{label}.json", Written, "run `tinycopy evaluate` again"
        )
        for label in evaluation.entries
        if label != DECK
    }
    return corpus_scores(rows, written)


def _deck(digests: set[str]) -> Mapping[str, Counts]:
    """Counts of the shipped deck, 'train, plain' and so on, if its rows have one of the digests."""
    found, counts = _shipped()
    return counts if found in digests else {}


@cache
def _shipped() -> tuple[str, Mapping[str, Counts]]:
    """The digest of the shipped deck's training rows, and its counts."""
    rows = {(part, s): read_shipped(s, (part,)) for s in SPLITS for part in sorted(PARTS)}
    training = [row for (_, split), found in rows.items() if split == "train" for row in found]
    counts = {
        f"{split}, {part}": count_rows(found) for (part, split), found in rows.items() if found
    }
    return digest(msgspec.json.encode(training)), counts


def _bias(directory: Path, release: Release | None) -> Bias:
    found = read_bias(directory)
    if release and release.identity not in read_metadata(directory).inputs.values():
        raise StageError(
            f"{directory}: is not of release {release.digest[:12]}; run `tinycopy probe-bias` on it"
        )
    return found
