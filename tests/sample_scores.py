"""Whether what a model says of its own samples is what it says of the same tokens when asked."""

import pytest

from tinycopy.model import END, Model


def check_scores(model: Model, opening: int) -> None:
    """The score of samples is the mean log probability of their tokens after `opening` of them."""
    options = {"top_k": 0, "top_p": 1.0, "temperature": 1.0}
    source = ["<unk>", END]
    start = model.sample(source, 1, 12, least=10, **options)[0][0][:opening]
    for tokens, score in model.sample(source, 10, 12, opening=start, **options):
        assert tokens[:opening] == start
        target = tokens[:-1] if tokens[-1] == END else tokens
        [scores] = model.score([source], [target])
        new = scores[opening : len(tokens)]
        assert score == pytest.approx(sum(new) / len(new), abs=0.01)
