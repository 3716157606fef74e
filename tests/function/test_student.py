import concurrent.futures
import re
from pathlib import Path

import msgspec
import pytest

from tests.tiny_release import make_release
from tinycopy.brief import Brief, CopyType, Length
from tinycopy.choosing import Sample, Variant, _best, _Candidate, choose, enough
from tinycopy.encoding import KEYWORDS, PRODUCT
from tinycopy.errors import NoUsableCopy
from tinycopy.manifest import FILES, ReleaseError
from tinycopy.model import END, Model
from tinycopy.pieces import token_limit
from tinycopy.student import Sampling, Student, sampled, slots_for

BRIEF = Brief(
    type=CopyType.SOCIAL_POST,
    length=Length.SHORT,
    product="Acme Shoe",
    features=("dries in 3 hours", "made in Porto"),
    keywords=("trail",),
)


def read(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    directory = tmp_path_factory.mktemp("release")
    make_release(directory)
    return read(directory)


@pytest.fixture(scope="module")
def student(files: dict[str, bytes]) -> Student:
    return Student(files, workers=4)


def texts(student: Student, seed: int | None, variants: int = 3) -> tuple[str, ...]:
    return tuple(variant.text for variant in student.write(BRIEF, variants, seed).variants)


def test_the_same_seed_gives_the_same_copy_and_another_seed_other_copy(student: Student):
    assert texts(student, 7) == texts(student, 7)
    assert texts(student, 7) != texts(student, 8)


def test_a_seed_gives_the_same_copy_in_another_student_of_the_same_release(
    student: Student, files: dict[str, bytes]
):
    assert texts(Student(files), 7) == texts(student, 7)


def test_without_a_seed_answers_vary(student: Student):
    assert len({texts(student, None) for _ in range(4)}) > 1


def test_a_seed_leaves_answers_without_a_seed_at_random(files: dict[str, bytes]):
    answers = set()
    for _ in range(3):
        student = Student(files)
        texts(student, 7)
        answers.add(texts(student, None))
    assert len(answers) == 3


def test_seeds_hold_while_other_threads_write(student: Student):
    alone = {seed: texts(student, seed) for seed in range(4)}
    asked = [0, None, 1, 2, None, 3] * 4
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda seed: texts(student, seed), asked))
    for seed, answer in zip(asked, answers, strict=True):
        if seed is not None:
            assert answer == alone[seed]


def test_variants_differ_and_are_no_more_than_asked_for(student: Student):
    for variants in (1, 2, 5):
        found = texts(student, 3, variants)
        assert 1 <= len(found) <= variants
        assert len({text.casefold() for text in found}) == len(found)


def test_tokens_and_candidates_are_counted(student: Student):
    written = student.write(BRIEF, 1, 1, Sampling(candidates=4))
    assert written.candidates in (4, 8)  # 8 where the first batch was not enough
    assert written.prompt_tokens > 10
    assert written.candidates <= written.completion_tokens
    assert written.completion_tokens <= written.candidates * token_limit(BRIEF)


def test_longer_copy_may_take_more_tokens():
    briefs = [Brief(type=CopyType.SLOGAN, product="A", length=length) for length in Length]
    limits = [token_limit(brief) for brief in briefs]
    assert limits == sorted(set(limits))


def test_a_brief_of_the_longest_texts_is_read(student: Student):
    brief = Brief(
        type=CopyType.SLOGAN,
        product="日" * 120,
        category="é" * 80,
        features=tuple(f"{i}" + "😀" * 159 for i in range(8)),
        keywords=tuple(f"{i}" + "ß" * 39 for i in range(5)),
    )
    assert student.write(brief, 1, 1).prompt_tokens == 1024


def test_a_slot_that_the_brief_lacks_is_never_written(tmp_path: Path):
    make_release(tmp_path, only=KEYWORDS[4])
    sampled = Student(read(tmp_path)).write(BRIEF, 1, 1).variants[0]
    assert sampled.tokens > 1
    brief = msgspec.structs.replace(BRIEF, keywords=("a", "b", "c", "d", "trail"))
    text = Student(read(tmp_path)).write(brief, 1, 1).variants[0].text
    assert text
    assert not text.lower().replace("trail", "")


def test_a_keyword_in_a_feature_is_written_by_itself_only_where_the_first_batch_failed(
    tmp_path: Path,
):
    make_release(tmp_path, only=KEYWORDS[0])
    student = Student(read(tmp_path))
    features = ("a map of each trail",)
    held = msgspec.structs.replace(BRIEF, features=features, keywords=("trail",))
    assert student.write(held, 1, 1).candidates == 2 * Sampling().candidates
    first, second = slots_for(held), slots_for(held, 2)
    assert KEYWORDS[0] in first.foreign
    assert second.spans == (*first.spans, (KEYWORDS[0], "trail"))


def test_each_batch_is_filled_by_its_own_slots(tmp_path: Path):
    make_release(tmp_path, only=KEYWORDS[0])
    brief = msgspec.structs.replace(
        BRIEF, features=("a map of each trail",), keywords=("trail", "gift")
    )
    written = Student(read(tmp_path)).write(brief, 2, 1)
    texts = {re.sub(r"^(\w+?)\1*$", r"\1", variant.text.lower()) for variant in written.variants}
    assert texts == {"gift", "trail"}


def test_copy_that_cannot_be_used_is_never_returned(tmp_path: Path):
    make_release(tmp_path, only="<0x34>")  # 444, a number that the brief lacks
    with pytest.raises(NoUsableCopy, match=f"all of {2 * Sampling().candidates} candidates"):
        Student(read(tmp_path)).write(BRIEF, 1, 1)


def test_tokens_are_sampled_from_so_many_of_the_likeliest(files: dict[str, bytes]):
    model = Model({name: files[name] for name in files if name != "spm.model"}, seed=1)

    def firsts(top_k: int) -> int:
        [samples] = model.sample(["<unk>", END], 60, 1, top_k=top_k, top_p=1.0, temperature=5.0)
        return len({tokens[0] for tokens, _ in samples})

    assert firsts(2) < firsts(10) < firsts(100)


@pytest.mark.parametrize(("passes", "batches"), [(True, 1), (False, 2)])
def test_candidates_are_sampled_once_more_where_the_best_fails_a_check(
    student: Student, monkeypatch: pytest.MonkeyPatch, passes: bool, batches: int
):
    monkeypatch.setattr("tinycopy.choosing.run_checks", lambda *_: {"has_keywords": passes})
    assert student.write(BRIEF, 1, 1, Sampling(candidates=9)).candidates == 9 * batches


def test_enough_are_as_many_as_asked_for_within_the_limit_the_best_of_them_good():
    good, poor = (
        Variant("a", {"has_keywords": True}, 0, 1),
        Variant("b", {"fits_tone": False}, 0, 1),
    )
    long = Variant("c", {"within_characters": False}, 0, 1)
    assert enough((good, poor), 2)
    assert not enough((good, long), 2)
    assert not enough((good,), 2)
    assert not enough((poor,), 1)
    assert not enough((), 1)


def candidate(
    text: str, score: float, finished: bool = True, faults: int = 0, **checks: bool
) -> _Candidate:
    return _Candidate(Variant(text, checks, score, 1), finished, faults)


def test_a_sample_counts_the_words_that_stray_from_its_brief():
    marked = slots_for(BRIEF)
    mine, other = (
        sampled(BRIEF, marked, text, -1.0, 4, True, ("for", "your", "a", "an"))
        for text in (f"A {PRODUCT} for your trail", "A torque for your trail")
    )
    assert (mine.text, mine.faults, other.faults) == ("An Acme Shoe for your trail", 0, 1)
    assert sampled(BRIEF, marked, KEYWORDS[3], -1.0, 4, True, ()).text == ""


def test_a_sample_with_a_fault_of_grammar_is_chosen_after_one_without():
    odd, sound = (
        Sample(text, score, 4, True, faults)
        for text, score, faults in (("Trail mug for you.", -0.1, 1), ("Gift of the trail.", -3, 0))
    )
    chosen = choose(BRIEF, [odd, sound], 2)
    assert [variant.text for variant in chosen] == [sound.text, odd.text]


def test_fewest_failed_checks_come_first_then_sound_and_ended_copy_then_the_likeliest():
    found = [
        candidate("likely but long", -0.1, length_in_range=False),
        candidate("odd", -0.1, faults=1, length_in_range=True),
        candidate("cut off", -0.2, finished=False, length_in_range=True),
        candidate("good", -2.0, length_in_range=True),
        candidate("better still", -1.0, length_in_range=True),
    ]
    ranked = [variant.text for variant in _best(found, 5)]
    assert ranked == ["better still", "good", "cut off", "odd", "likely but long"]


def test_copy_over_the_character_limit_comes_last_whatever_else_it_passes():
    found = [
        candidate("over", -0.1, within_characters=False, names_product=True, fits_tone=True),
        candidate("poor", -9.0, within_characters=True, names_product=False, fits_tone=False),
        candidate("good", -2.0, within_characters=True, names_product=True, fits_tone=True),
    ]
    assert [variant.text for variant in _best(found, 3)] == ["good", "poor", "over"]


@pytest.mark.parametrize("check", ["clean_language", "supported_claims", "no_new_numbers"])
def test_unsafe_copy_is_left_out_even_if_all_else_is_worse(check: str):
    unsafe = candidate("unsafe", -0.1, **{check: False})
    poor = candidate("poor", -9.0, finished=False, a=False, b=False, c=False)
    assert [variant.text for variant in _best([unsafe, poor], 2)] == ["poor"]


def test_copy_of_nearly_the_same_words_counts_once():
    found = [
        candidate("Light shoes for every long run you love.", -1),
        candidate("light shoes, for every long run you love!", -2),
        candidate("Run further.", -3),
    ]
    assert [variant.score for variant in _best(found, 3)] == [-1, -3]


@pytest.mark.parametrize("name", ["model.bin", "spm.model", "shared_vocabulary.json"])
def test_a_file_that_cannot_be_loaded_is_named(files: dict[str, bytes], name: str):
    with pytest.raises(ReleaseError, match=name):
        Student(files | {name: files[name][: len(files[name]) // 2]})


def test_a_vocabulary_of_another_release_is_refused(files: dict[str, bytes]):
    swapped = files["shared_vocabulary.json"].replace("▁s".encode(), "▁z".encode(), 1)
    swapped = swapped if swapped != files["shared_vocabulary.json"] else b'["a"]'
    with pytest.raises(ReleaseError, match=r"shared_vocabulary\.json: is not the vocabulary"):
        Student(files | {"shared_vocabulary.json": swapped})
