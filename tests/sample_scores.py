"""Whether what a model says of its own samples is what it says of the same tokens when asked."""

import pytest

from tinycopy.model import END, Model


def check_scores(model: Model, *lengths: int) -> None:
    """The score of samples is the mean log probability of their tokens after an opening of so many
    tokens, also where openings of several lengths are gone on with at once."""
    options = {"top_k": 0, "top_p": 1.0, "temperature": 1.0}
    source = ["<unk>", END]
    start = model.sample(source, 1, 12, least=10, **options)[0][0][0]
    openings = [start[:length] for length in lengths]
    drawn = model.sample(source, 10, 12, openings=openings, **options)
    assert [len(samples) for samples in drawn] == [10] * len(openings)
    for opening, samples in zip(openings, drawn, strict=True):
        for tokens, score in samples:
            assert tokens[: len(opening)] == opening
            target = tokens[:-1] if tokens[-1] == END else tokens
            [scores] = model.score([source], [target])
            new = scores[len(opening) : len(tokens)]
            assert score == pytest.approx(sum(new) / len(new), abs=0.01)
