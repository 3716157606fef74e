"""Does copy sound like the tone that was asked for? A classifier that learnt the deck's tones says.

It reads copy alone, by its words and characters, and is right about held-out copy by people as
often as its score for the deck's own copy says. A generator keeps its tones if the classifier
agrees with it as often as with that. There is none for audiences: nearly every audience of a deck
is a text of its own, so there are no classes to learn.
"""

from collections.abc import Sequence
from typing import Any

from finetune.rows import Row
from tinycopy.brief import Brief

_TOKEN = r"[\w'\u2019]+|[!?.,;:]"
"""Words and the punctuation that tones differ in."""


class ToneClassifier:
    """Logistic regressions, one a tone, over TF-IDF of words and of characters within words."""

    def __init__(self, rows: Sequence[Row]) -> None:
        """Learn the tones of a training split; raises ValueError if all its rows have one tone."""
        # scikit-learn takes seconds to import.
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.pipeline import make_pipeline, make_union

        tones = [row.brief.tone.value for row in rows]
        if len(set(tones)) < 2:
            raise ValueError("a tone classifier needs rows of two tones or more")
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=_TOKEN)
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
        learner = OneVsRestClassifier(LogisticRegression(C=10, solver="liblinear"))
        self._model: Any = make_pipeline(make_union(words, characters), learner)
        self._model.fit([row.copy for row in rows], tones)

    def agrees(self, briefs: Sequence[Brief], texts: Sequence[str]) -> list[bool]:
        """Whether each text sounds, of all tones, most like its brief's."""
        heard = self._model.predict(list(texts))
        return [brief.tone == tone for brief, tone in zip(briefs, heard, strict=True)]
