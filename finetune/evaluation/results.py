"""The report's sections on what was found: headline, targets, evaluations, int8, E2E, samples."""

from collections.abc import Mapping

from finetune.e2e.scores import score_table
from finetune.evaluation.assess import chosen_rule, worst_markdown
from finetune.evaluation.chain import shown, table
from finetune.evaluation.inputs import Evaluated, Inputs, base_model, model_name
from finetune.evaluation.resampling import RESAMPLES, Interval, differences, intervals
from finetune.evaluation.tables import (
    NOT_DEFINED,
    differences_table,
    percent,
    probe_tables,
    sample_sheet,
    score_tables,
)
from finetune.evaluation.targets import Target, e2e_targets, targets
from finetune.generators.generate import DECK, DEFAULT_BASE, Kind

INT8_CAPTION = "PyTorch above int8 in each score, with 95 % intervals"


def in_short(inputs: Inputs) -> list[str]:
    """The first thing a reader wants to know, evaluation by evaluation."""
    parts = []
    if inputs.release:
        parts.append(
            f"Of the release `{inputs.release.digest[:12]}`: "
            f"{inputs.release.manifest.parameters / 1e6:.1f} million parameters, "
            f"{inputs.release.bytes / 1e6:.1f} MB.\n"
        )
    if len(inputs.evaluations) > 1:
        parts.append(
            "Evaluations on few and on many rows of one split overlap, so a generator's figures "
            "differ between them by chance: trust those on more rows, and compare generators "
            "within one evaluation only.\n"
        )
    for one in inputs.evaluations:
        lines = [f"On {one.what} (shares with 95 % intervals, median time):\n"]
        for label, entry in one.evaluation.entries.items():
            scores = entry.scores
            time = f", {scores.ms.median:,.0f} ms each" if scores.ms else ""
            share = f"passes all checks in {percent(scores.all_checks)} %"
            lines.append(f"- {who(one, label)}: {share}{time}.")
        parts.append("\n".join(lines) + "\n")
    return parts


def who(one: Evaluated, label: str) -> str:
    """What stands behind a label of an evaluation."""
    entry = one.evaluation.entries[label]
    if label == DECK:
        return f"`{label}`, the deck's own held-out copy"
    if label == one.release:
        return f"`{label}`, the release that this is about"
    if entry.kind is Kind.BASE:
        return f"`{label}`, {_base(one, label)} without fine-tuning"
    if entry.kind is Kind.TEACHER and entry.stage:
        return f"`{label}`, {base_model(entry.stage)} fine-tuned on the deck"
    if entry.kind is Kind.STUDENT:
        return f"`{label}`, a student in PyTorch before its conversion to int8"
    if entry.kind is Kind.RELEASE and entry.stage:
        return f"`{label}`, another release, `{entry.stage.metrics['digest'][:12]}`"
    return f"`{label}`, a {entry.kind}"


def _base(one: Evaluated, label: str) -> str:
    """The model of a base generator, from how it was named on the command line."""
    for text in one.evaluation.settings.generators:
        head, _, where = text.partition("=")
        if head in (label, f"{Kind.BASE}:{label}"):
            return model_name(where or DEFAULT_BASE)
    return "a base model"


def release_targets(inputs: Inputs) -> list[tuple[Target, int]]:
    """Every target of the release, with the rows that it was measured on: the most there are."""
    found: dict[str, tuple[Target, int]] = {}
    for one, label in sorted(inputs.of_release(), key=lambda pair: pair[0].evaluation.rows):
        for target in targets(one.evaluation, label):
            if target.value is not None or target.name not in found:
                found[target.name] = (target, one.evaluation.rows)
    for e2e in inputs.e2e:
        for target in e2e_targets(e2e):
            found[target.name] = (target, e2e.cases)
    return list(found.values())


def target_section(inputs: Inputs) -> list[str]:
    """Floors and aims: what the release meets and misses."""
    found = release_targets(inputs)
    if not found:
        return []
    verdicts = [(target.name, target.verdict) for target, _ in found]
    judged = [name for name, verdict in verdicts if verdict != NOT_DEFINED]
    missed = [name for name, verdict in verdicts if verdict == "missed"]
    aims = sum(verdict == "aim" for _, verdict in verdicts)
    said = (
        f"Of {len(judged)} floors the release meets {len(judged) - len(missed)}, and {aims} aims."
    )
    said += f" It misses: {'; '.join(missed)}." if missed else " It misses none."
    unknown = [name for name, verdict in verdicts if verdict == NOT_DEFINED]
    if unknown:
        said += f" Not measured: {'; '.join(unknown)}."
    rows = [
        (
            target.name,
            *target.shown,
            NOT_DEFINED if target.value is None else f"{target.value:.2f}",
            target.verdict,
            f"{rows:,}",
        )
        for target, rows in found
    ]
    head = ["", "floor", "aim", "measured", "verdict", "rows"]
    return ["## Targets\n", f"{said}\n", table(head, rows)]


def evaluation(one: Evaluated, plots: Mapping[str, str]) -> list[str]:
    """The tables and the plots of one evaluation. plots: caption -> path as the report links it."""
    entries, settings = one.evaluation.entries, one.evaluation.settings
    parts = [f"## Evaluation: {one.name}\n"]
    parts.append(
        f"{one.what[0].upper()}{one.what[1:]}, one copy each, seed {settings.seed}; code "
        f"`{one.metadata.git_commit or 'not in a checkout'}`.\n"
    )
    parts.append("\n".join(f"- {who(one, label)}" for label in entries) + "\n")
    if {entry.kind for entry in entries.values()} & {Kind.BASE, Kind.TEACHER}:
        parts.append(
            "The base model and the teacher sample at temperature "
            f"{settings.sampling.temperature:g}, top-p {settings.sampling.top_p:g}.\n"
        )
    around = {label: intervals(scores) for label, scores in one.scores.items()}
    parts.append(score_tables({label: e.scores for label, e in entries.items()}, around))
    parts += _paired(one)
    parts.append(probe_tables({label: e.probe for label, e in entries.items() if e.probe}))
    return [*parts, *(f"![{caption}]({path})\n" for caption, path in plots.items())]


def apart(one: Evaluated) -> dict[str, dict[str, Interval]]:
    """By label, how far each generator is above the release on the same rows."""
    if one.release is None or one.release not in one.scores:
        return {}
    base = one.scores[one.release]
    return {
        label: differences(scores, base)
        for label, scores in one.scores.items()
        if label not in (DECK, one.release)
    }


def _paired(one: Evaluated) -> list[str]:
    found = apart(one)
    if not found:
        return []
    return [
        f"Above `{one.release}` on the same rows (paired over rows, {RESAMPLES:,} resamples; "
        "distinct-2 by jackknife). Where the interval holds 0, chance may be all there is:\n",
        differences_table(found),
    ]


def quantisation(inputs: Inputs, plot: str | None) -> list[str]:
    """The release in int8 beside its student in floating point."""
    if inputs.release is None:
        return []
    scores = inputs.release.manifest.scores
    rows = [
        (name.replace("_", " "), shown(value), shown(scores[f"{name}_torch"]))
        for name, value in scores.items()
        if f"{name}_torch" in scores
    ]
    parts = [f"## {inputs.release.manifest.compute_type} against floating point\n"]
    parts += [
        "On the validation split, when the student was converted (greedy copy; a release that "
        "writes worse is refused):\n",
        table(["", inputs.release.manifest.compute_type, "PyTorch"], rows),
    ]
    beside = int8_beside(inputs)
    if beside is None:
        return parts
    one, unquantised = beside
    parts.append(
        f"On {one.what}, `{unquantised}` above `{one.release}`, as callers get copy: both sample, "
        "so chance is part of the difference. The figures are in the paired table above.\n"
    )
    return [*parts, *([f"![{INT8_CAPTION}]({plot})\n"] if plot else [])]


def int8_beside(inputs: Inputs) -> tuple[Evaluated, str] | None:
    """The evaluation on most rows with the release beside its student before conversion."""
    own = inputs.student()
    found = [
        (one, label)
        for one, _ in inputs.of_release()
        for label, entry in one.evaluation.entries.items()
        if own is not None and entry.kind is Kind.STUDENT and entry.stage == own and apart(one)
    ]
    return max(found, key=lambda pair: pair[0].evaluation.rows, default=None)


def e2e(inputs: Inputs) -> list[str]:
    """The tables of E2E, original test first."""
    if not inputs.e2e:
        return []
    parts = [
        "## E2E NLG\n",
        "A public benchmark: restaurants described from attributes. Its students learn from its "
        "own data by recipe `e2e`, so they are not the release above; they decode by beam search. "
        "`student` is PyTorch, `release` the same in int8.\n",
    ]
    for one in sorted(inputs.e2e, key=lambda found: not found.is_original_test):
        settings = one.settings
        parts += [
            f"{one.cases:,} meanings of the {settings.edition} {settings.split} split, beam "
            f"{settings.beam}:\n",
            score_table(one.entries, one.human, original_test=one.is_original_test),
        ]
    return parts


def samples(inputs: Inputs) -> list[str]:
    """Sample copy by rule, each brief once, then the release's worst."""
    found: list[str] = ["## Sample copy\n"]
    seen = set()
    for one in inputs.evaluations:
        fresh = [sample for sample in one.evaluation.chosen if sample.brief not in seen]
        seen |= {sample.brief for sample in fresh}
        if fresh:
            found += [f"Of {one.what}. {chosen_rule(one.evaluation)}", sample_sheet(fresh)]
    one, label = inputs.most_rows()
    worst = worst_markdown(one.evaluation, only=label)
    return [*found, f"### The worst of `{label}`\n", f"Of {one.what}.\n", worst] if worst else found
