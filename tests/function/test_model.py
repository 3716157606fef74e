"""Samples are as long as they must be, from an encoder-decoder and from a decoder alone."""

import collections
from pathlib import Path

import pytest

import tinycopy
from tests.sample_scores import check_scores
from tests.tiny_release import make_release
from tinycopy.brief import Brief, CopyType, Length
from tinycopy.encoding import slots
from tinycopy.manifest import FILES
from tinycopy.model import END, Model
from tinycopy.pieces import token_floor

EMBEDDED = Path(tinycopy.__file__).parent / "embedded"


@pytest.fixture(scope="module", params=["encoder-decoder", "decoder"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    directory = tmp_path_factory.mktemp("release")
    make_release(directory, decoder=request.param == "decoder")
    return Model({name: (directory / name).read_bytes() for name in FILES}, seed=3)


def lengths(model: Model, least: int, opening: list[str]) -> set[int]:
    options = {"top_k": 0, "top_p": 1.0, "temperature": 1.0}
    [samples] = model.sample(["<unk>", END], 20, 60, least=least, openings=[opening], **options)
    for tokens, _ in samples:
        assert tokens[: len(opening)] == opening
    return {len(tokens) - (tokens[-1] == END) for tokens, _ in samples}


@pytest.mark.parametrize("opening", [[], ["<unk>", "<unk>"]])
def test_no_sample_ends_before_its_floor(model: Model, opening: list[str]) -> None:
    free = lengths(model, 0, opening)
    floor = min(free) + 7
    assert min(lengths(model, floor, opening)) >= floor
    assert max(lengths(model, 90, opening)) <= 60


def test_a_penalty_keeps_tokens_from_coming_again_but_not_those_that_were_read(
    model: Model,
) -> None:
    def again(penalty: float) -> tuple[int, int]:
        options = {"least": 30, "top_k": 0, "top_p": 1.0, "temperature": 1.0}
        first = model.sample(["<unk>", END], 1, 30, **options)[0][0][0]
        [samples] = model.sample([*first[:29], END], 20, 30, **options, repetition_penalty=penalty)
        written = [tokens for tokens, _ in samples]
        read = sum(token in first for tokens in written for token in tokens)
        return sum(len(tokens) - len(set(tokens)) for tokens in written), read

    (free, _), (held, read) = again(1.0), again(30.0)
    assert held < free / 2
    assert read > 0


def test_the_floor_is_a_token_for_each_word_and_some_for_marks_a_name_is_one() -> None:
    brief = Brief(type=CopyType.PRODUCT_DESCRIPTION, length=Length.MEDIUM, product="Pikka 22L")
    fewest = brief.word_range[0]
    assert token_floor(brief, slots(brief)) == fewest + fewest // 7 - 1
    wordy = Brief(
        type=CopyType.PRODUCT_DESCRIPTION,
        length=Length.MEDIUM,
        product="Pikka",
        features=("holds a bottle",),
    )
    assert token_floor(wordy, slots(wordy)) == fewest + fewest // 7 - 2
    short = Brief(type=CopyType.SLOGAN, length=Length.SHORT, product="The Pikka 22L of Old Leeds")
    assert token_floor(short, slots(short)) == 0


def test_tokens_that_are_not_allowed_are_not_sampled(model: Model) -> None:
    def sampled(without: list[str]) -> list[str]:
        [samples] = model.sample(
            ["<unk>", END], 40, 5, top_k=0, top_p=1.0, temperature=1.0, without=without
        )
        return [token for tokens, _ in samples for token in tokens]

    often = [token for token, _ in collections.Counter(sampled([])).most_common(20)]
    without = [token for token in often if token != END]
    assert not set(sampled(without)).intersection(without)
    assert set(model.likeliest(["<unk>", END], 5, without=without)).isdisjoint(without)


@pytest.fixture(scope="module")
def served() -> Model:
    return Model({name: (EMBEDDED / name).read_bytes() for name in FILES}, seed=3)


def pieces(text: str) -> list[str]:
    return [f"\u2581{word}" for word in text.split()]


def test_samples_that_branch_go_on_with_the_likeliest_tokens_one_each(served: Model) -> None:
    source, opening = [*pieces("mug"), END], pieces("It is made")
    options = {"top_k": 20, "top_p": 1.0, "temperature": 0.7, "repetition_penalty": 3.0}
    [samples] = served.sample(source, 8, 9, openings=[opening], branch=True, **options)
    started = {tuple(tokens[:4]) for tokens, _ in samples}
    assert {start[:3] for start in started} == {tuple(opening)}
    assert len(started) == 8
    # Not one of all others is likelier than the least of them.
    rivals = [
        [*opening, token] for token in set(pieces("to of from a in for with and torque xylo"))
    ]
    likely = served.score([source] * 8, [[*start] for start in started])
    others = served.score([source] * len(rivals), rivals)
    least = min(scores[3] for scores in likely)
    taken = {start[3] for start in started}
    for rival, scores in zip(rivals, others, strict=True):
        assert rival[3] in taken or scores[3] <= least + 0.01
    # What the opening has already may come again at no price.
    twice = [pieces("A mug for you and a desk for a day and")]
    free = options | {"repetition_penalty": 1.0}
    held, unheld = (
        served.sample(source, 60, 12, openings=twice, branch=True, **o) for o in (options, free)
    )
    assert held == unheld
    assert {tokens[-1] for tokens, _ in held[0]} & {*twice[0]}


def test_samples_have_no_token_beside_the_shortlist_but_in_their_opening(served: Model) -> None:
    files = {name: (EMBEDDED / name).read_bytes() for name in FILES}
    few = [*pieces("a mug for your desk day with the and it is"), ".", END]
    model = Model(files, 3, few)
    options = {
        "top_k": 0,
        "top_p": 1.0,
        "temperature": 1.5,
        "ends": (".",),
        "without": [END, "<pad>"],
    }
    source = [*pieces("mug"), END]
    drawn = [model.sample(source, 40, 12, openings=[o], **options)[0] for o in ((), pieces("A"))]
    short, free = ([tokens for tokens, _ in samples] for samples in drawn)
    assert {token for tokens in short for token in tokens} <= {*few}
    # The end that it looks for is the one of the list, also after a list that had all.
    assert any(tokens[-1] == "." for tokens in short)
    assert {token for tokens in free for token in tokens[1:]} - {*few}
    again = [tokens for tokens, _ in model.sample(source, 40, 12, **options)[0]]
    assert {token for tokens in again for token in tokens} <= {*few}
    assert any(len(tokens) < 12 and tokens[-1] == "." for tokens in again)
    assert all("." not in tokens[:-1] for tokens in again)


@pytest.mark.parametrize("openings", [(0,), (3,), (3, 1, 6)])
def test_the_score_of_a_sample_is_the_mean_of_what_follows_its_opening(
    served: Model,
    openings: tuple[int, ...],
) -> None:
    check_scores(served, *openings)
