"""What stands on each slide. What was not given is left out; no figure is written here."""

from collections.abc import Mapping
from html import escape

from finetune.e2e.result import E2eEvaluation
from finetune.e2e.scores import PUBLISHED
from finetune.evaluation.chain import taught_by
from finetune.evaluation.inputs import Inputs, Release, base_model
from finetune.evaluation.overlap import COPIED_RUN
from finetune.evaluation.plots import LATENCY_PLOT, differences_png, slices_png
from finetune.evaluation.report import slices as slices_of
from finetune.evaluation.results import INT8_CAPTION, apart, int8_beside, release_targets, who
from finetune.evaluation.serving import Served, cost_rows, deployment_rows
from finetune.evaluation.tables import NOT_DEFINED, percent, shown_name
from finetune.slides.parts import Slide, image, sample, shown, table
from finetune.slides.people import bias, judged
from finetune.stage import Metadata

_FIGURES: dict[str, tuple[str, ...]] = {
    "finetune": ("method", "parameters", "rows", "steps", "valid_loss_per_token"),
    "label": ("briefs", "candidates", "labels", "briefs_without"),
    "student": ("parameters", "pairs", "steps", "valid_loss"),
}
"""Which settings and metrics of a stage are shown."""


def slides(inputs: Inputs) -> list[Slide]:
    """All slides, in order."""
    made = [_headline(inputs), _task(inputs)]
    if inputs.deck:
        made.append(_data(inputs))
    made += _training(inputs)
    if inputs.release:
        made.append(_release(inputs, inputs.release))
    made += [_checks(inputs), _variety(inputs)]
    made += _speed(inputs)
    made += [_e2e(one) for one in inputs.e2e if one.is_original_test]
    made.append(_samples(inputs))
    if inputs.served:
        made.append(_serving(inputs.served, inputs.release))
    if inputs.judgement:
        made.append(judged(inputs.judgement))
    if inputs.bias:
        made.append(bias(inputs.bias))
    return [*made, _limits(inputs)]


def _headline(inputs: Inputs) -> Slide:
    """Each generator once, from the evaluation of most rows that it is in, then the targets."""
    rows: dict[str, tuple[str, ...]] = {}
    for one in sorted(inputs.evaluations, key=lambda one: one.evaluation.rows):
        for label, entry in one.evaluation.entries.items():
            rows[label] = (
                who(one, label).replace("`", ""),
                f"{percent(entry.scores.all_checks)} %",
                f"{entry.scores.ms.median:,.0f} ms" if entry.scores.ms else NOT_DEFINED,
                f"{one.evaluation.rows:,}",
            )
    figures = table(("", "passes all checks (95 %)", "one copy, median", "rows"), rows.values())
    verdicts = [(target.name, target.verdict) for target, _ in release_targets(inputs)]
    missed = [name for name, verdict in verdicts if verdict == "missed"]
    said = ""
    if verdicts:
        judged = sum(verdict != NOT_DEFINED for _, verdict in verdicts)
        said = f"<p>Floors that the release meets: {judged - len(missed)} of {judged}."
        said += f" Missed: {escape('; '.join(missed))}.</p>" if missed else "</p>"
    return Slide("Marketing copy from a tiny model", figures + said)


def _task(inputs: Inputs) -> Slide:
    """The first sample that the evaluation chose by its rule, as an example of the task."""
    body = "<p>A brief asks for a type of copy in a tone and a length. Copy must fit the brief and "
    body += "state nothing that the brief does not say.</p>"
    one, label = inputs.most_rows()
    chosen = one.evaluation.chosen[:1]
    return Slide("From a brief to copy", body + "".join(sample(s, label) for s in chosen))


def _data(inputs: Inputs) -> Slide:
    counts = list(inputs.deck.values())
    rows = [
        (name, *(f"{getattr(one, name):,}" for one in counts))
        for name in ("rows", "products", "prompts", "words")
    ]
    rows += [
        (type_.replace("_", " "), *(f"{one.types[type_]:,}" for one in counts))
        for type_ in counts[0].types
    ]
    return Slide("The deck", table(("", *inputs.deck), rows))


def _training(inputs: Inputs) -> list[Slide]:
    """Teacher, labels and the release's student, each from its own metadata."""
    made = []
    for stage in inputs.stages:
        if stage.stage == "finetune":
            said = f"{base_model(stage)}, fine-tuned on the deck."
            made.append(_stage("The teacher", said, stage))
        elif stage.stage == "label":
            said = (
                "Copy that a teacher, or a larger release, sampled for many briefs, kept only if "
                "it passes every check."
            )
            made.append(_stage("The labels", said, stage))
    if student := inputs.student():
        made.append(_stage("The student", taught_by(student), student))
    return made


def _release(inputs: Inputs, release: Release) -> Slide:
    """What the manifest tells, and the release beside its student before conversion."""
    manifest = release.manifest
    rows = [
        ("digest", release.digest[:12]),
        ("bytes", f"{release.bytes:,}"),
        ("parameters", f"{manifest.parameters:,}"),
        ("weights", manifest.compute_type),
        *((name.replace("_", " "), shown(value)) for name, value in manifest.scores.items()),
    ]
    said = "The student in CTranslate2, let through only if it writes as well as before."
    body = f"<p>{said}</p>{table((), rows)}"
    if beside := int8_beside(inputs):
        one, label = beside
        body += image(INT8_CAPTION, differences_png(apart(one)[label], INT8_CAPTION))
        body += f"<p>{escape(one.what)}.</p>"
    return Slide("The release, and what int8 costs", body)


def _stage(title: str, said: str, stage: Metadata) -> Slide:
    known = {**stage.settings, **stage.metrics}
    names = _FIGURES[stage.stage]
    rows = [(name.replace("_", " "), shown(known[name])) for name in names if name in known]
    rows.append(("minutes", f"{stage.seconds / 60:,.1f}"))
    drops = known.get("drops")
    if isinstance(drops, Mapping):
        common = sorted(drops.items(), key=lambda drop: -drop[1])[:3]
        rows += [(f"dropped: {n.replace('_', ' ')}", shown(count)) for n, count in common]
    return Slide(title, f"<p>{escape(said)}</p>{table((), rows)}")


def _checks(inputs: Inputs) -> Slide:
    """The release's checks by slice, as a plot."""
    one, label = inputs.most_rows()
    plot = image("Copy that passes all checks, by slice", slices_png(slices_of(one, label)))
    return Slide("Checks by slice", f"{plot}<p>{escape(one.what)}.</p>")


def _variety(inputs: Inputs) -> Slide:
    """How varied copy is, and how much of it stands in training copy."""
    one, _ = inputs.most_rows()
    rows = [
        (
            shown_name(label),
            f"{entry.scores.distinct_2:.3f}",
            f"{entry.scores.self_bleu:.1f}",
            percent(entry.scores.tone) if entry.scores.tone else NOT_DEFINED,
            percent(entry.scores.copied.copied),
            str(entry.scores.copied.longest),
        )
        for label, entry in one.evaluation.entries.items()
    ]
    runs = f"{COPIED_RUN}+ words of training copy, % (95 %)"
    head = ("", "distinct-2", "self-BLEU", "in the tone asked for, %", runs, "longest run")
    return Slide("Variety, tone and copying", f"{table(head, rows)}<p>{escape(one.what)}.</p>")


def _speed(inputs: Inputs) -> list[Slide]:
    """Quality against time where most generators are compared."""
    one = max(inputs.evaluations, key=lambda one: len(one.evaluation.entries))
    path = one.directory / LATENCY_PLOT
    if not path.is_file():
        return []
    title = "Quality against time"
    return [Slide(title, f"{image(title, path.read_bytes())}<p>{escape(one.what)}.</p>")]


def _e2e(found: E2eEvaluation) -> Slide:
    rows = [
        (label, f"{one.bleu:.2f}", f"{one.nist:.2f}", f"{100 * one.errors.rate:.2f}")
        for label, one in found.entries.items()
    ]
    for name, (of_bleu, of_nist) in PUBLISHED.items():
        nist = NOT_DEFINED if of_nist is None else f"{of_nist:.2f}"
        rows.append((f"{name} (published)", f"{of_bleu:.2f}", nist, NOT_DEFINED))
    head = ("", "BLEU", "NIST", "slot error rate, %")
    said = f"{found.cases:,} meanings; students that learnt from E2E alone by the same chain."
    return Slide("E2E NLG, original test", f"{table(head, rows)}<p>{said}</p>")


def _samples(inputs: Inputs) -> Slide:
    """A sample chosen by rule, and the copy of the release that fails most checks."""
    one, label = inputs.most_rows()
    chosen = one.evaluation.chosen
    body = "<p>Picked by rule, of the rows whose briefs' hashes are lowest:</p>"
    body += "".join(sample(each, label) for each in chosen[len(chosen) // 2 :][:1])
    if worst := one.evaluation.worst.get(label):
        body += f"<p>Fails most checks:</p>{sample(worst[0], label)}"
    return Slide("Sample copy, good and bad", body)


def _serving(served: Served, release: Release | None) -> Slide:
    """The API in a line, then what serving takes and costs."""
    said = "<p>POST /v1/copy answers a brief with copy and its checks; /docs tries every route. "
    said += f"Measured {escape(served.measured)}"
    others = served.releases - {release.digest if release else ""}
    said += f", on release {min(others)[:12]}" if others else ""
    costs = table(
        ("a million copies", "memory fits", "one at a time", "saturated"), cost_rows(served)
    )
    rows = [row for row in deployment_rows(served) if not row[0].startswith("request")]
    return Slide(
        "API, deployment, cost", f"{said}.</p>{table((), rows)}{costs if served.cost else ''}"
    )


def _limits(inputs: Inputs) -> Slide:
    rows = inputs.most_rows()[0].evaluation.rows
    said = [
        "Checks find what a program can find: copy that passes may still be dull or odd.",
        "There is one reference for a brief and many good ways to write.",
        f"Intervals come from {rows:,} rows; times from one machine.",
        "The deck's own copy is the yardstick, and the checks were tuned on that deck.",
    ]
    return Slide("Limits", "<ul>" + "".join(f"<li>{text}</li>" for text in said) + "</ul>")
