"""Generators that run in PyTorch, on tiny models with random weights made here."""

import itertools
import shutil
from pathlib import Path

import msgspec
import pytest
import sentencepiece
import tokenizers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
    set_seed,
)

import tinycopy
from finetune.generators.batches import seeded
from finetune.generators.generate import (
    Generator,
    Sampling,
    function_digest,
    generator_digest,
    open_generator,
    parse_spec,
)
from finetune.generators.pretrained import instruction, tidy
from finetune.generators.student import TorchStudent
from finetune.stage import StageError
from tinycopy.brief import Brief, CopyType, Length, Tone
from tinycopy.choosing import choose, enough
from tinycopy.encoding import MARKERS
from tinycopy.pieces import token_limit
from tinycopy.settings import Settings
from tinycopy.student import Sampling as FunctionSampling

BRIEFS = [
    Brief(type=CopyType.SLOGAN, product="Ovenlight", length=Length.SHORT),
    Brief(
        type=CopyType.EMAIL_SUBJECT,
        product="Kettlewise",
        category="kettle",
        features=("boils 2 cups in 90 seconds",),
        tone=Tone.CASUAL,
        audience="night owls",
        keywords=("tea",),
    ),
    Brief(type=CopyType.SLOGAN, prompt="a bakery that opens early", length=Length.SHORT),
]
COPIES = ["Bread before dawn", "Tea for night owls is ready in 90 seconds", "Up before you"]
TEXT = [*COPIES, *(instruction(brief) for brief in BRIEFS)]


def make_causal(directory: Path) -> None:
    """A GPT-2 of a few thousand weights over bytes, with its tokenizer."""
    bpe = tokenizers.ByteLevelBPETokenizer()
    bpe.train_from_iterator(TEXT, vocab_size=300, special_tokens=["<end>"])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe._tokenizer, eos_token="<end>")
    tokenizer.save_pretrained(directory)
    size = {"n_layer": 1, "n_head": 2, "n_embd": 16, "n_positions": 512}
    end = tokenizer.eos_token_id
    config = GPT2Config(vocab_size=300, bos_token_id=end, eos_token_id=end, **size)
    GPT2LMHeadModel(config).save_pretrained(directory)


def make_student(directory: Path) -> None:
    """A T5 of a few thousand weights over slots, with its spm.model."""
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT),
        model_prefix=str(directory / "spm"),
        vocab_size=500,
        byte_fallback=True,
        user_defined_symbols=list(MARKERS),
        normalization_rule_name="identity",
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    spm = sentencepiece.SentencePieceProcessor(model_file=str(directory / "spm.model"))
    config = T5Config(
        vocab_size=spm.get_piece_size(),
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_heads=2,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    set_seed(7)
    T5ForConditionalGeneration(config).save_pretrained(directory)


@pytest.fixture(scope="module", params=["base", "teacher", "student"])
def spec(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp(request.param)
    (make_student if request.param == "student" else make_causal)(directory)
    return f"{request.param}={directory}"


def opened(spec: str, batch: int) -> Generator:
    return open_generator(parse_spec(spec), Sampling(batch=batch))


def test_every_brief_gets_its_variants_within_the_token_limit(spec: str) -> None:
    written = opened(spec, 2).write(BRIEFS, variants=2, seed=1)
    assert [len(copies) for copies in written] == [2, 2, 2]
    for brief, copies in zip(BRIEFS, written, strict=True):
        for copy in copies:
            assert copy.tokens <= token_limit(brief)
            assert copy.tokens > 0 or not copy.text
            assert copy.ms > 0
            assert not set(copy.text) & set(MARKERS), brief


def test_a_seed_gives_the_same_copy_again(spec: str) -> None:
    generator = opened(spec, 2)
    runs = [generator.write(BRIEFS, seed=seed) for seed in (1, 1, 2)]
    first, again, other = ([(c.text, c.tokens) for copies in run for c in copies] for run in runs)
    assert first == again
    # A student with random weights writes foreign slots, so all of its copy is empty.
    assert first != other or not any(text for text, _ in first + other)


def test_likelihoods_do_not_depend_on_the_batch(spec: str) -> None:
    alone, together = (opened(spec, n).log_likelihoods(BRIEFS, COPIES) for n in (1, 3))
    assert alone is not None
    assert together is not None
    for one, other in zip(alone, together, strict=True):
        assert one.tokens == other.tokens > 1
        assert one.sum_logprob == pytest.approx(other.sum_logprob, rel=1e-4)
        # Random weights know nothing: about the logarithm of the vocabulary for each token.
        assert -8 < one.sum_logprob / one.tokens < -4


def test_a_student_draws_as_many_candidates_as_the_function(tmp_path: Path) -> None:
    make_student(tmp_path)
    settings = Settings()
    [(samples, ms)] = TorchStudent(tmp_path, batch=2).sample(BRIEFS[:1], variants=3)
    assert len(samples) == settings.candidates + 2 * 2
    assert all(0 < sample.tokens <= token_limit(BRIEFS[0]) for sample in samples)
    assert ms > 0


def test_a_student_writes_the_length_that_a_character_limit_has_room_for(tmp_path: Path) -> None:
    make_student(tmp_path)
    brief = msgspec.structs.replace(BRIEFS[0], length=Length.LONG, max_characters=30)
    shorter = msgspec.structs.replace(brief, length=brief.length_to_write)
    [(samples, _)] = TorchStudent(tmp_path, batch=2).sample([brief], variants=3)
    assert token_limit(shorter) < token_limit(brief)
    assert all(sample.tokens <= token_limit(shorter) for sample in samples)


@pytest.mark.parametrize(
    ("variants", "candidates", "passes", "batches"),
    [(1, 200, True, 1), (1, 200, False, 2), (5, 1, True, 2)],
)
def test_a_student_chooses_as_the_function_and_draws_again_where_that_is_not_enough(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variants: int,
    candidates: int,
    passes: bool,
    batches: int,
) -> None:
    make_student(tmp_path)
    monkeypatch.setattr("tinycopy.choosing.run_checks", lambda *_: {"has_keywords": passes})
    if variants > 1:
        monkeypatch.setattr("tinycopy.wording.ALIKE", 0.0)  # so that there is one variant only
    student = TorchStudent(tmp_path, batch=2, sampling=FunctionSampling(candidates))
    brief = BRIEFS[0]
    with seeded(1):
        drawn = [student.sample([brief], variants, batch)[0][0] for batch in (1, 2)]
    assert enough(choose(brief, drawn[0], variants), variants) == (batches == 1)
    chosen = choose(brief, itertools.chain(*drawn[:batches]), variants)
    [copies] = student.write([brief], variants=variants, seed=1)
    assert [copy.text for copy in copies] == [
        *(variant.text for variant in chosen),
        *[""] * (variants - len(chosen)),
    ]


def test_the_digest_of_the_function_changes_with_any_of_its_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in Path(tinycopy.__file__).parent.glob("*.py"):
        shutil.copy(module, tmp_path)
    monkeypatch.setattr(tinycopy, "__file__", str(tmp_path / "__init__.py"))
    assert function_digest.__wrapped__() == function_digest()
    with (tmp_path / "checks.py").open("a") as file:
        file.write("# another check\n")
    assert function_digest.__wrapped__() != function_digest()


def test_another_way_to_sample_makes_another_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_student(tmp_path)
    before = generator_digest(parse_spec(f"student={tmp_path}"))
    assert generator_digest(parse_spec(f"student={tmp_path}")) == before
    monkeypatch.setattr("tinycopy.student.Sampling", lambda: FunctionSampling(candidates=9))
    assert generator_digest(parse_spec(f"student={tmp_path}")) != before


def test_a_student_without_its_vocabulary_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(StageError, match=r"no model\.safetensors"):
        generator_digest(parse_spec(f"student={tmp_path}"))


def test_an_instruction_says_all_that_a_brief_says() -> None:
    text = instruction(BRIEFS[1])
    for part in ("email subject", "casual", "6 to 9 words", "Kettlewise", "kettle", "night owls"):
        assert part in text
    assert "boils 2 cups in 90 seconds" in text
    assert "Use these words exactly: tea" in text


def test_quotation_marks_around_the_whole_are_not_copy() -> None:
    assert tidy('"Bread\nbefore  dawn."') == "Bread before dawn."
    assert tidy('The "early" bread') == 'The "early" bread'
