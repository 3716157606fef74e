"""The report's sections on the chain: data, labels, the models, their training, the release."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from finetune.deck_report import Counts
from finetune.evaluation.inputs import Inputs, Release, base_model
from finetune.evaluation.tables import markdown_head
from finetune.stage import Metadata


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join([*markdown_head(head), *(f"| {' | '.join(r)} |" for r in rows)]) + "\n"


def data(inputs: Inputs) -> list[str]:
    """What the deck holds, by part and split, or as its own stage counted it."""
    parts = ["## Data\n", "Briefs with copy, split by product so that no split knows another's.\n"]
    stages = [stage for stage in inputs.stages if stage.stage == "deck"]
    if stages:
        return [*parts, *(facts(stage) for stage in stages)]
    if not inputs.deck:
        return [*parts, "Not counted: give the output of `tinycopy deck --out` by `--stage`.\n"]
    parts.append(
        "The shipped deck has a witty part, in the style of human copywriters, and a plain part, "
        "which says what its brief says. The test split is of the witty part alone.\n"
    )
    columns = [_counts(counts) for counts in inputs.deck.values()]
    rows = [(name, *(f"{column[name]:,}" for column in columns)) for name in columns[0]]
    return [*parts, table(["", *inputs.deck], rows)]


def _counts(counts: Counts) -> dict[str, int]:
    found = {name: getattr(counts, name) for name in ("rows", "products", "prompts", "words")}
    for kinds in (counts.types, counts.tones, counts.lengths):
        found |= {f"`{name}`": count for name, count in kinds.items()}
    return found


def labels(inputs: Inputs) -> list[str]:
    """The labels that were given, and whether the release's student learnt from any."""
    stages = [stage for stage in inputs.stages if stage.stage == "label"]
    student = inputs.student()
    if not stages and student is None:
        return []
    parts = ["## Labels\n"]
    if student is not None:
        learnt = student.metrics["pairs"] - student.metrics["pairs_from_deck"]
        parts.append(
            f"The student learnt from {learnt:,} labels.\n"
            if learnt
            else "The student learnt from no labels: all its pairs are of the deck.\n"
        )
    for stage in stages:
        parts += [
            "Copy that a teacher, or a larger release, sampled for many briefs, kept only if it "
            "passes every check; what was dropped is counted by reason.\n",
            facts(stage),
        ]
    return parts


def teachers(inputs: Inputs) -> list[str]:
    """The fine-tuned teachers, each with the name of its base model."""
    parts = []
    for stage in (stage for stage in inputs.stages if stage.stage == "finetune"):
        parts += [
            "## Fine-tuning the teacher\n",
            f"{base_model(stage)}, fine-tuned on the training split; its loss counts the copy's "
            "tokens alone.\n",
            facts(stage),
        ]
    return parts


def student(inputs: Inputs) -> list[str]:
    """How the release's student was trained, from its own metadata or else its manifest."""
    title, stage = "## Distillation: the student\n", inputs.student()
    if stage is not None:
        return [title, taught_by(stage) + "\n", facts(stage)]
    if inputs.release is None:
        return []
    recipe = inputs.release.manifest.recipe
    return [
        title,
        f"{made_of(recipe)} Its metadata was not given: add `--stage` with its output.\n",
        f"Settings: {_settings(recipe)}\n",
    ]


def made_of(recipe: Mapping[str, Any]) -> str:
    """What kind of model a student is, by the settings that it was trained with."""
    slots = "Names, numbers and features are slots, so it repeats them exactly or not at all."
    if layers := recipe.get("keep_layers"):
        kept = ", ".join(map(str, layers))
        return f"A decoder made of layers {kept} of a model that was trained before. {slots}"
    return (
        f"A new encoder-decoder of {recipe.get('encoder_layers')} and "
        f"{recipe.get('decoder_layers')} layers, {recipe.get('width')} wide. {slots}"
    )


def taught_by(stage: Metadata) -> str:
    """What a student is and what it learnt from, by its metadata."""
    settings, metrics = stage.settings, stage.metrics
    pairs, of_deck = metrics["pairs"], metrics["pairs_from_deck"]
    said = [made_of(settings)]
    if pairs == of_deck:
        said.append(f"In this stage it learnt from {pairs:,} pairs of the deck and no labels.")
    else:
        of_labels = pairs - of_deck
        said.append(
            f"In this stage it learnt from {of_deck:,} deck pairs and {of_labels:,} labels."
        )
    if settings.get("teacher_logits", "none") != "none":
        said.append(
            "It also learnt what its teacher expects next at each token of "
            f"{'all pairs' if settings['teacher_logits'] == 'all' else 'the pairs of the deck'}."
        )
    if settings.get("logits_from"):
        said.append(
            "It also learnt what a larger student, its guide, expects next at each token, with "
            f"weight {settings['logits_weight']:g}."
        )
    return " ".join(said)


def release(found: Release) -> list[str]:
    """The release as its manifest describes it."""
    manifest = found.manifest
    rows = [
        ("digest", f"`{found.digest}`"),
        ("bytes", f"{found.bytes:,}"),
        ("parameters", f"{manifest.parameters:,}"),
        ("weights", manifest.compute_type),
        ("encoding", str(manifest.encoding)),
        *((name.replace("_", " "), shown(value)) for name, value in manifest.scores.items()),
        ("made from", ", ".join(f"{s.name} ({s.licence})" for s in manifest.sources)),
        ("git commit", f"`{manifest.git_commit}`"),
        ("made at", manifest.created_at),
    ]
    return [
        "## Release\n",
        "The student in CTranslate2, compared with PyTorch on the validation split before it was "
        "let through. All of this stands in its manifest.\n",
        table(["", ""], rows),
        f"Recipe: {_settings(manifest.recipe)}\n",
    ]


def facts(stage: Metadata) -> str:
    """What a stage measured, and its settings."""
    rows = [("seconds", stage.seconds), ("git commit", stage.git_commit or "not in a checkout")]
    measured = [(name, shown(value)) for name, value in [*flat(stage.metrics), *rows]]
    return f"{table(['', ''], measured)}\nSettings: {_settings(stage.settings)}\n"


def _settings(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {shown(value)}" for name, value in flat(values))


def flat(values: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """The plain values of nested tables, named by their path; logs are left out."""
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        path = f"{above}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            found += flat(value, f"{path}: ")
        elif isinstance(value, list) and value and all(isinstance(one, int) for one in value):
            found.append((path, ", ".join(map(str, value))))
        elif isinstance(value, str | int | float) and not _is_path(value):
            found.append((path, value))
    return found


def _is_path(value: object) -> bool:
    """Whether a value names a place on the machine that ran the stage, which says nothing here."""
    return isinstance(value, str) and Path(value).is_absolute()


def shown(value: object) -> str:
    """A setting or a figure for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "\\|")
