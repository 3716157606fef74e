"""Render a report from saved results: no figure in it is typed by hand.

Each EVALUATION is a directory that `tinycopy evaluate` wrote. The stages that made its generators
are found in it; name others, such as the labels or the student, by --stage. The release that it is
about is the embedded one unless --release names another; its facts come from its manifest. What is
not given is left out, or the report says how to make it. Plots lie beside the report, and so does
a JSON file with the figures that other documents quote.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from finetune.bias.tables import bias_markdown, filter_markdown
from finetune.evaluation import chain, results
from finetune.evaluation.inputs import Evaluated, Inputs, inputs_parser, read_inputs
from finetune.evaluation.metrics import SELF_BLEU_SAMPLE, Rate
from finetune.evaluation.plots import (
    CHECKS_PLOT,
    COPIED_PLOT,
    LATENCY_PLOT,
    differences_png,
    learning_png,
    slices_png,
)
from finetune.evaluation.serving import cost_rows, deployment_rows
from finetune.generators.generate import DECK
from finetune.probe.briefs import ALL
from finetune.stage import StageError, digest, say
from tinycopy.checks import CHECKS

_PLOTS = {
    CHECKS_PLOT: "Checks passed by each generator, with 95 % intervals",
    LATENCY_PLOT: "Copy that passes all checks against milliseconds per copy",
    COPIED_PLOT: "Longest run of words shared with training copy",
}
_SLICES, _INT8, _LEARNING = "slices.png", "int8.png", "learning.png"

_TASK = """## Task

A brief names a product with features, or is a free prompt, and asks for a type of copy in a tone,
a length and, if the caller likes, for an audience and with keywords. Copy must fit the brief, state
nothing that the brief does not say, and read as if somebody had written it for that product.
"""

_CHOICE = """## Model choice

The teacher is a pretrained language model small enough to fine-tune on a CPU. The student is much
smaller still, and serves in CTranslate2 with int8 weights, which needs no torch at run time. Names,
numbers and features travel through it as slots. What was compared and measured on the way, and what
did not help, is kept in {decisions}, one page a question.
"""

_API = """## API

`POST /v1/copy` takes a brief and answers with copy and the checks that each variant passes or
fails; `POST /v1/checks` checks copy of any origin; `POST /v1/completions` speaks OpenAI's protocol.
`/docs` on a running function lists and tries every route, and `/` is a page to write copy in a
browser. What it refuses is in {safety}.
"""

_LIMITS = f"""## Limits

- The checks find what a program can find: a missing name, a strange number, a broken ending. Copy
  that passes them all may still be dull, odd or off tone. {{readers}}
- BLEU, chrF and ROUGE compare with one reference each. Good copy for a brief can be written in many
  ways, so they tell generators apart but do not say how good any one is.
- Perplexity per token compares only models with one tokenizer. Per word and bits per character
  spread the same sum over words and characters, yet do not compare a student with a teacher or a
  base model fairly. Slots make a student's cheaper: a name, a number or a feature is one symbol.
  They also make it dearer: of the ways to write such copy, with slots or letter by letter, only the
  one with slots counts. A student that learnt another style than the references' is dearer too.
  Compare students of one vocabulary and one kind of slots with each other.
- A student, before conversion or as a release or a running function, samples several candidates
  and ranks them by the same checks that score them here. The base model and the teacher write one.
- distinct-n and self-BLEU depend on the number of rows: compare them within one table. Self-BLEU is
  taken on at most {SELF_BLEU_SAMPLE} copies.
- Intervals are of these rows as a sample of such rows. They tell nothing of another seed of the
  training, or of briefs of another kind.
- Milliseconds are those of the machine that ran the evaluation, in batches where a generator runs
  in PyTorch; compare them with each other, not with other machines.
"""


class Quoted(msgspec.Struct, frozen=True, kw_only=True):
    """The release's figures that other documents quote, as the JSON file beside a report has them.

    tone, deck_tone: copy that the classifier hears in the tone asked for, of the release and of the
    deck. probe: of unseen briefs, all checks.
    """

    release: str
    rows: int
    split: str
    all_checks: Rate
    no_new_numbers: Rate
    tone: Rate | None
    deck_tone: Rate | None
    probe: Rate | None


def render(inputs: Inputs, out: Path, plots: Mapping[str, str]) -> str:
    """The report that will lie at `out`. plots: name of the file -> path as the report links it."""
    _, shown = inputs.most_rows()
    parts = [
        "# Report\n",
        "<!-- Written by `tinycopy report`; do not edit. -->\n",
        "## In short\n",
        *results.in_short(inputs),
        *results.target_section(inputs),
        _TASK,
        *chain.data(inputs),
        *chain.labels(inputs),
        _CHOICE.format(decisions=_link("the decisions", "decisions", out)),
        *chain.teachers(inputs),
        *chain.student(inputs),
        *_image(plots, _LEARNING, "Loss of each training against its steps"),
        *(chain.release(inputs.release) if inputs.release else []),
    ]
    for one in inputs.evaluations:
        parts += results.evaluation(one, _plots_of(one, plots))
    parts += [
        *_image(plots, _SLICES, f"Copy that passes all checks, by slice; `{shown}` and the deck"),
        *results.quantisation(inputs, plots.get(_INT8)),
        *results.e2e(inputs),
        _API.format(safety=_link("safety.md", "safety.md", out)),
        *_serving(inputs, out),
        *_bias(inputs, out),
        *results.samples(inputs),
        "## Checks\n",
        "What passing each means:\n",
        "\n".join(f"- `{check.name}`: {check.summary}" for check in CHECKS) + "\n",
        _LIMITS.format(readers=_readers(inputs)),
    ]
    return "\n".join(parts)


def quoted(inputs: Inputs) -> Quoted | None:
    """What other documents quote; None without a release."""
    if inputs.release is None:
        return None
    one, label = inputs.most_rows()
    entry, deck = one.evaluation.entries[label], one.evaluation.entries[DECK]
    probes = [e.evaluation.entries[n].probe for e, n in inputs.of_release()]
    return Quoted(
        release=inputs.release.digest,
        rows=one.evaluation.rows,
        split=one.evaluation.settings.split,
        all_checks=entry.scores.all_checks,
        no_new_numbers=entry.scores.checks["no_new_numbers"],
        tone=entry.scores.tone,
        deck_tone=deck.scores.tone,
        probe=next((probe[ALL].all_checks for probe in probes if probe), None),
    )


def slices(one: Evaluated, label: str) -> dict[str, dict[str, Rate]]:
    """All checks by slice of one label: all rows, each type, each slice of the probe."""
    entries = one.evaluation.entries
    shown = {name: entries[name].scores for name in (DECK, label)}
    found = {"all rows": {name: scores.all_checks for name, scores in shown.items()}}
    for type_ in entries[label].scores.all_checks_by_type:
        found[type_] = {name: scores.all_checks_by_type[type_] for name, scores in shown.items()}
    for name, scores in (entries[label].probe or {}).items():
        found[f"probe: {name}"] = {label: scores.all_checks}
    return found


def _link(text: str, target: str, out: Path) -> str:
    """A link where the target lies beside the report, else the text alone."""
    return f"[{text}]({target})" if (out.parent / target).exists() else text


def _image(plots: Mapping[str, str], file: str, caption: str) -> list[str]:
    return [f"![{caption}]({plots[file]})\n"] if file in plots else []


def _plots_of(one: Evaluated, plots: Mapping[str, str]) -> dict[str, str]:
    found = {caption: plots.get(f"{one.name}-{file}") for file, caption in _PLOTS.items()}
    return {caption: path for caption, path in found.items() if path}


def _serving(inputs: Inputs, out: Path) -> list[str]:
    """Deployment and cost, from the benchmarks."""
    operations = _link("operations.md", "operations.md", out)
    parts = [
        "## Deployment\n",
        "One archive holds the function and the release; Terraform makes everything around it, and "
        f"`tinycopy deploy` builds, tries, shifts and rolls back ({operations}). The "
        f"container needs no GPU and no torch.\n",
    ]
    served = inputs.served
    if served is None:
        return [*parts, "Not measured: run `make bench` and add `--benchmarks`.\n"]
    parts.append(
        f"Measured {served.measured}; more in {_link('performance.md', 'performance.md', out)}.\n"
    )
    if served.busy:
        parts.append("**Provisional: the machine was busy, so these times are too long.**\n")
    others = sorted(served.releases - {inputs.release.digest if inputs.release else ""})
    if others:
        names = ", ".join(f"`{one[:12]}`" for one in others)
        parts.append(f"These are figures of another release ({names}), not of the one above.\n")
    parts.append(chain.table(["", "measured"], deployment_rows(served)))
    if served.cost:
        parts += [
            "## Cost\n",
            "Dollars for a million copies of one variant on Cloud Run's request-based billing, "
            "from the figures above: one request at a time, or as many as the CPU takes. Free "
            "tier, network and logs are left out.\n",
            chain.table(
                ["instance", "memory fits", "one at a time", "saturated"], cost_rows(served)
            ),
        ]
    return parts


def _bias(inputs: Inputs, out: Path) -> list[str]:
    title = "## Bias and harm\n"
    if inputs.bias is None:
        return [title, "Not probed: run `tinycopy probe-bias` and add `--bias`.\n"]
    return [
        title,
        f"{inputs.bias.pairs} pairs of briefs that differ in one group of people and in nothing "
        f"else. How to read this, and what it cannot show, is in "
        f"{_link('safety.md', 'safety.md', out)}.\n",
        bias_markdown(inputs.bias.generators),
        "What the safety filter stops of lines labelled by hand:\n",
        filter_markdown(inputs.bias.filter) + "\n",
    ]


def _readers(inputs: Inputs) -> str:
    if inputs.judgement is None:
        return "No reader has rated\n  this copy: `tinycopy judge` asks them."
    first, second = inputs.judgement.labels
    return f"Readers compared\n  {first} with {second} on {inputs.judgement.rows} rows."


def main(argv: Sequence[str] | None = None) -> None:
    """`tinycopy report`. Raises StageError."""
    given = inputs_parser("report", __doc__, "Markdown file to write").parse_args(argv)
    if given.out.suffix != ".md":
        raise StageError(f"--out {given.out}: name a file that ends in .md")
    inputs = read_inputs(given)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    text = render(inputs, given.out, _save_plots(inputs, given.out))
    given.out.write_text(text, encoding="utf-8")
    if figures := quoted(inputs):
        content = msgspec.json.format(msgspec.json.encode(figures)) + b"\n"
        given.out.with_suffix(".json").write_bytes(content)
    else:
        say("report: no evaluation is of the embedded release; name yours by --release")
    say(f"report: {given.out}, sha256 {digest(text.encode())[:12]}")


def drawn(inputs: Inputs) -> dict[str, bytes]:
    """The plots that belong to no single evaluation, as PNG by file name."""
    found = {_SLICES: slices_png(slices(*inputs.most_rows()))}
    if beside := results.int8_beside(inputs):
        one, label = beside
        found[_INT8] = differences_png(results.apart(one)[label], results.INT8_CAPTION)
    student = inputs.student()
    trained = [stage for stage in inputs.stages if stage.stage == "finetune" or stage is student]
    if learning := learning_png(trained):
        found[_LEARNING] = learning
    return found


def _save_plots(inputs: Inputs, out: Path) -> dict[str, str]:
    """Put the plots into OUT's name + "-plots"; where the report finds each, by file name."""
    folder = out.with_name(f"{out.stem}-plots")
    folder.mkdir(exist_ok=True)
    content = drawn(inputs)
    for one in inputs.evaluations:
        found = {file: one.directory / file for file in _PLOTS}
        content |= {f"{one.name}-{n}": p.read_bytes() for n, p in found.items() if p.is_file()}
    for file, png in content.items():
        (folder / file).write_bytes(png)
    return {n: Path(os.path.relpath(folder / n, out.parent)).as_posix() for n in content}
