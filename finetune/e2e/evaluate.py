"""Evaluate generators on the E2E NLG benchmark: BLEU, NIST and slot error rate.

--data is a directory with clones of e2e-dataset and e2e-cleaning (github.com/tuetschek), or a data
set of the hub; nothing of it is kept but the texts that generators write. Choose on --split valid,
the default, and run test once. A student and its release write their likeliest copy by beam search,
other generators as everywhere else. --calibrate scores the outputs of TGen that e2e-cleaning stores
and fails unless they score what is known of them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from finetune.e2e.beam import WIDTH, release_texts, student_texts
from finetune.e2e.data import Case, Edition, read_cases
from finetune.e2e.result import EVALUATION, E2eEvaluation, E2eSettings
from finetune.e2e.scores import calibrate, human_slot_errors, score, score_table
from finetune.generators.generate import (
    Kind,
    Spec,
    function_digest,
    generator_identity,
    generator_parser,
    given_sampling,
    open_generator,
    parse_spec,
    refuse_shared_labels,
)
from finetune.stage import Metadata, checked, digest, run_stage, say
from tinycopy.brief import Brief


def evaluate(settings: E2eSettings, cases: Sequence[Case], out: Path) -> Metadata:
    """Let each generator write one text per case, and score them, into the directory `out`."""
    specs = [parse_spec(text) for text in settings.generators]
    refuse_shared_labels([spec.label for spec in specs])
    inputs = {spec.label: generator_identity(spec) for spec in specs}
    inputs |= {"cases": digest(msgspec.json.encode(cases)), "function": function_digest()}
    briefs = [case.brief for case in cases]

    def work(directory: Path) -> Mapping[str, Any]:
        entries = {}
        for spec in specs:
            say(f"evaluate-e2e: {spec.label}: {len(cases)} meanings")
            texts = _texts(spec, settings, briefs)
            (directory / f"{spec.label}.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
            entries[spec.label] = score(cases, texts)
        human = human_slot_errors(cases)
        result = E2eEvaluation(settings=settings, cases=len(cases), human=human, entries=entries)
        content = msgspec.json.format(msgspec.json.encode(result)) + b"\n"
        (directory / EVALUATION).write_bytes(content)
        table = score_table(entries, human, original_test=result.is_original_test)
        (directory / "table.md").write_text(table, encoding="utf-8")
        return {label: msgspec.to_builtins(one) for label, one in entries.items()}

    return run_stage(
        "evaluate-e2e", out, inputs=inputs, settings=settings, work=work, resumable=False
    )


def _texts(spec: Spec, settings: E2eSettings, briefs: Sequence[Brief]) -> list[str]:
    if spec.kind is Kind.RELEASE:
        return release_texts(Path(spec.where), briefs, settings.beam)
    if spec.kind is Kind.STUDENT:
        return student_texts(Path(spec.where), briefs, settings.beam)
    generator = open_generator(spec, settings.sampling)
    return [copies[0].text for copies in generator.write(briefs, seed=settings.seed)]


def main(argv: Sequence[str] | None = None) -> None:
    """`tinycopy evaluate-e2e`. Raises StageError."""
    parser = generator_parser("evaluate-e2e", __doc__, required=False)
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        required=True,
        help="directory with the official files, or OWNER/NAME of the hub",
    )
    add("--calibrate", action="store_true", help="check the metrics on outputs of known scores")
    add("--edition", type=Edition, choices=list(Edition), default=Edition.ORIGINAL)
    add("--beam", type=int, default=WIDTH, help="width of students' beams; default: %(default)s")
    add("--split", choices=("valid", "test"), default="valid", help="default: valid")
    given = parser.parse_args(argv)
    if given.calibrate:
        for edition in Edition:
            say(calibrate(given.data, edition))
        return
    if not given.generator or given.out is None:
        parser.error("give --generator and --out, or --calibrate")
    settings = checked(
        {
            "generators": given.generator,
            "edition": given.edition,
            "split": given.split,
            "seed": given.seed,
            "sampling": given_sampling(given),
            "beam": given.beam,
        },
        E2eSettings,
    )
    evaluate(settings, read_cases(given.data, given.edition, given.split), given.out)
    say((given.out / "table.md").read_text(encoding="utf-8"))
