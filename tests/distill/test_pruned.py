"""A student out of a teacher's layers: what it keeps, what it learns, and how it is served."""

from pathlib import Path

import msgspec
import pytest
import sentencepiece
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel

from distill.convert import ConvertSettings, convert
from distill.marking import pair
from distill.pairs import collate_causal, encode_pairs
from distill.pruned import prune
from distill.student import StudentSettings, load_student, train_student
from distill.vocabulary import END, train_vocabulary
from finetune.deck import read_shipped
from finetune.stage import StageError
from finetune.teacher import IGNORED
from tests.sample_scores import check_scores
from tests.tiny_models import make_causal
from tinycopy.encoding import PRODUCT
from tinycopy.manifest import FILES
from tinycopy.model import Model

ROWS = read_shipped("train")[:60]
PAIRS = [pair(row.brief, row.copy) for row in ROWS]
SETTINGS = StudentSettings(
    vocabulary=800,
    keep_layers=(0, -1),
    learning_rate=1e-3,
    warmup=2,
    steps=8,
    batch_tokens=1500,
    eval_steps=4,
    eval_rows=4,
    average=2,
    patience=9,
)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_causal(tmp_path_factory.mktemp("pruned") / "teacher", ROWS)


@pytest.fixture(scope="module")
def vocabulary() -> sentencepiece.SentencePieceProcessor:
    model = train_vocabulary((text for p in PAIRS for text in p), 800)
    return sentencepiece.SentencePieceProcessor(model_proto=model)


@pytest.fixture(scope="module")
def student(teacher: Path) -> Path:
    out = teacher.parent / "student"
    train_student(SETTINGS, ROWS, ROWS, None, out, teacher=teacher, inputs={})
    return out


def test_the_layers_named_are_kept_as_they_are(
    teacher: Path, vocabulary: sentencepiece.SentencePieceProcessor
) -> None:
    whole = AutoModelForCausalLM.from_pretrained(teacher)
    pruned = prune(teacher, [-1], vocabulary)
    assert pruned.config.num_hidden_layers == len(pruned.model.layers) == 1
    for name, weights in pruned.model.layers[0].named_parameters():
        assert torch.equal(weights, whole.model.layers[1].get_parameter(name)), name
    assert pruned.lm_head.weight is pruned.model.embed_tokens.weight


def test_a_piece_starts_as_the_mean_of_the_tokens_that_spell_it(
    teacher: Path, vocabulary: sentencepiece.SentencePieceProcessor
) -> None:
    whole = AutoModelForCausalLM.from_pretrained(teacher).get_input_embeddings().weight
    tokenizer = AutoTokenizer.from_pretrained(teacher)
    embeddings = prune(teacher, [0], vocabulary).get_input_embeddings().weight
    piece = next(
        i
        for i in range(vocabulary.vocab_size())
        if len(tokenizer(vocabulary.id_to_piece(i).replace("\u2581", " "))["input_ids"]) == 2
    )
    ids = tokenizer(vocabulary.id_to_piece(piece).replace("\u2581", " "))["input_ids"]
    assert torch.allclose(embeddings[piece], whole[ids].mean(dim=0))


def test_a_student_can_go_on_from_another_with_its_own_pieces(
    student: Path, vocabulary: sentencepiece.SentencePieceProcessor
) -> None:
    model, own = load_student(student)
    same = prune(student, [0, 1], own)
    for name, weights in model.state_dict().items():
        assert torch.equal(same.state_dict()[name], weights), name
    other = train_vocabulary(["quixotic zebras jump"] * 9, 700)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=other)
    old, new = (m.get_input_embeddings().weight for m in (model, prune(student, [0], pieces)))
    known = own.piece_to_id("\u2581" + PRODUCT)
    assert torch.equal(new[pieces.piece_to_id("\u2581" + PRODUCT)], old[known])
    unknown = next(
        p
        for p in map(pieces.id_to_piece, range(pieces.vocab_size()))
        if own.piece_to_id(p) == 2 != pieces.piece_to_id(p)
    )
    ids = own.encode(unknown.replace("\u2581", " "))
    assert torch.allclose(new[pieces.piece_to_id(unknown)], old[ids].mean(dim=0))


def test_targets_start_in_one_column_and_padding_is_masked(
    vocabulary: sentencepiece.SentencePieceProcessor,
) -> None:
    examples = encode_pairs(PAIRS[:5], vocabulary, 320)
    batch = collate_causal(examples)
    start = max(len(e["input_ids"]) for e in examples)
    for example, ids, mask, labels in zip(
        examples, batch["input_ids"], batch["attention_mask"], batch["labels"], strict=True
    ):
        source, target = example["input_ids"], example["labels"]
        assert ids[start - len(source) : start + len(target)].tolist() == source + target
        assert int(mask.sum()) == len(source) + len(target)
        assert labels[labels != IGNORED].tolist() == target


def test_training_changes_the_layers_and_is_repeatable(
    student: Path, teacher: Path, vocabulary: sentencepiece.SentencePieceProcessor, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    train_student(SETTINGS, ROWS, ROWS, None, again, teacher=teacher, inputs={})
    first, second = (load_student(d)[0].state_dict() for d in (student, again))
    start = prune(teacher, [0, -1], vocabulary).state_dict()
    assert all(torch.equal(weights, second[name]) for name, weights in first.items())
    name = "model.layers.1.mlp.up_proj.weight"
    assert not torch.equal(first[name], start[name])


def test_its_release_serves_what_pytorch_writes(student: Path, tmp_path: Path) -> None:
    release = tmp_path / "release"
    settings = ConvertSettings(compute_type="float32", rows=12)
    metadata = convert(settings, student, ROWS, release, inputs={})
    assert metadata.metrics["valid_same_copy"] == 1
    model = Model({name: (release / name).read_bytes() for name in FILES}, seed=1)
    [samples] = model.sample(["<unk>", "</s>"], 3, 5, top_k=0, top_p=1.0, temperature=1.0)
    assert len({tuple(tokens) for tokens, _ in samples}) == 3
    assert all(1 <= len(tokens) <= 5 for tokens, _ in samples)
    for openings in ((0,), (3, 1)):
        check_scores(model, *openings)


def test_its_release_finds_copy_as_likely_as_pytorch_does(student: Path, tmp_path: Path) -> None:
    release = tmp_path / "release"
    settings = ConvertSettings(compute_type="float32", rows=12)
    convert(settings, student, ROWS, release, inputs={})
    model, vocabulary = load_student(student)
    source, target = ([*vocabulary.encode(text)] for text in PAIRS[0])
    served = Model({name: (release / name).read_bytes() for name in FILES})
    pieces = [vocabulary.id_to_piece(ids) for ids in ([*source, END], target)]
    (scores,) = served.score([pieces[0]], [pieces[1]])
    ids = torch.tensor([[*source, END, *target, END]])
    with torch.inference_mode():
        logits = model(ids).logits.log_softmax(dim=-1)[0, len(source) : -1]
    expected = logits.gather(1, ids[0, len(source) + 1 :, None]).squeeze(1)
    assert scores == pytest.approx(expected.tolist(), abs=1e-3)


def test_a_layer_that_the_teacher_lacks_is_refused(teacher: Path, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(SETTINGS, keep_layers=(0, 2))
    with pytest.raises(StageError, match=r"keep_layers: \[0, 2\], but the teacher has 2 layers"):
        train_student(settings, ROWS, ROWS, None, tmp_path / "s", teacher=teacher, inputs={})


def test_layers_without_a_teacher_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="--teacher DIR"):
        train_student(SETTINGS, ROWS, ROWS, None, tmp_path / "s", inputs={})


def test_a_teacher_of_another_architecture_is_refused(teacher: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(teacher)
    gpt2 = GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), n_embd=8, n_layer=1, n_head=1))
    gpt2.save_pretrained(tmp_path / "gpt2")
    tokenizer.save_pretrained(tmp_path / "gpt2")
    with pytest.raises(StageError, match="GPT2Config; only Llama's and T5's architectures"):
        train_student(
            SETTINGS, ROWS, ROWS, None, tmp_path / "s", teacher=tmp_path / "gpt2", inputs={}
        )


@pytest.fixture(scope="module")
def encoder_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("encoder-decoder") / "student"
    new = msgspec.structs.replace(SETTINGS, keep_layers=(), width=32, encoder_layers=2)
    train_student(new, ROWS, ROWS, None, out, inputs={})
    return out


def test_an_encoder_decoder_lends_its_encoder_and_layers_of_its_decoder(
    encoder_decoder: Path,
) -> None:
    model, own = load_student(encoder_decoder)
    pruned = prune(encoder_decoder, [-1], own, encoder_layers=3)
    assert (pruned.config.num_layers, pruned.config.num_decoder_layers) == (3, 1)
    kept, old = pruned.state_dict(), model.state_dict()
    bias = "decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    assert torch.equal(kept[bias], old[bias])
    moved = {n: n.replace("decoder.block.0", "decoder.block.1") for n in kept if n != bias}
    new = {name for name, was in moved.items() if was not in old}
    assert new and all(name.startswith("encoder.block.2.") for name in new)
    assert all(torch.equal(kept[n], old[was]) for n, was in moved.items() if n not in new)


def test_layers_that_are_new_to_an_encoder_change_little_at_first(encoder_decoder: Path) -> None:
    model, own = load_student(encoder_decoder)
    deeper = prune(encoder_decoder, [0, 1], own, encoder_layers=4).eval()
    ids = torch.tensor([own.encode(PAIRS[0][0])])
    with torch.inference_mode():
        before, after = (m.encoder(ids).last_hidden_state for m in (model, deeper))
    assert not torch.equal(before, after)
    assert torch.cosine_similarity(before, after, dim=-1).min() > 0.9


def test_an_encoder_decoder_of_borrowed_layers_learns_and_is_served(
    encoder_decoder: Path, tmp_path: Path
) -> None:
    settings = msgspec.structs.replace(SETTINGS, keep_layers=(-1,), encoder_layers=3)
    out = tmp_path / "student"
    train_student(settings, ROWS, ROWS, None, out, teacher=encoder_decoder, inputs={})
    release = ConvertSettings(compute_type="float32", rows=12)
    metadata = convert(release, out, ROWS, tmp_path / "release", inputs={})
    assert metadata.metrics["valid_same_copy"] == 1


def test_an_encoder_loses_no_layers(encoder_decoder: Path, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(SETTINGS, keep_layers=(0,), encoder_layers=1)
    with pytest.raises(StageError, match="encoder_layers: 1, but the teacher's encoder of 2 stays"):
        train_student(
            settings, ROWS, ROWS, None, tmp_path / "s", teacher=encoder_decoder, inputs={}
        )
