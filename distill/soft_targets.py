"""What a teacher expects next at each place of a pair's target, in the student's own pieces.

Copy says one thing where a teacher thought of many: its whole distribution over the next token
teaches a student more than the one token that followed (Hinton et al., 2015). Teacher and student
cut text differently, so a distribution is taken over only where a token of the teacher and a piece
of the student start at the same character, and each token counts as the piece that it starts with.
Not here: how a student learns from them (student_trainer.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from tqdm import tqdm

from distill.marking import marked_for
from distill.vocabulary import END
from finetune.generators.batches import padded
from finetune.pretrained import load_model
from finetune.stage import StageError
from finetune.teacher import prompt
from tinycopy.brief import Brief
from tinycopy.encoding import ANY_FEATURE, KEYWORDS, MARKERS, NUMBERS, Slots

TOP = 16
"""Pieces of a distribution that are kept, the likeliest; their shares add up to WHOLE."""
WHOLE = 1 << 16
KNOWN = 0.5
"""Least share of a distribution that pieces must have, or it says nothing of them."""

SOFT = ("soft_ids", "soft_shares")

Soft = dict[str, list[int]]
"""By the names in SOFT: TOP pieces and shares for each token of a target, end to end.

All shares of a token are 0 where nothing is known: inside a token of the teacher, at a slot, at a
piece that is longer than the teacher's token.
"""

_BATCH_TOKENS = 4096
_MARKERS = frozenset(MARKERS)


def soft_targets(
    teacher: Path,
    written: Sequence[tuple[Brief, str]],
    vocabulary: sentencepiece.SentencePieceProcessor,
) -> list[Soft]:
    """The soft targets of each brief and its copy, in order.

    Raises StageError if the teacher is an encoder-decoder, which reads and writes by other means.
    """
    model: Any
    model, tokenizer = load_model(str(teacher), dtype=torch.bfloat16)
    if model.config.is_encoder_decoder:
        raise StageError(f"student.teacher_logits: {teacher} is no causal model")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = model.eval().to(device)
    pieces = _Pieces(tokenizer, vocabulary)
    read = [_read(brief, copy, tokenizer) for brief, copy in written]
    found: dict[int, Soft] = {}
    with tqdm(total=len(read), unit="pair", desc="soft targets") as bar:
        for batch in _batches([len(one.ids) for one in read]):
            for index, shares in zip(
                batch, _distributions(model, [read[i] for i in batch]), strict=True
            ):
                brief, copy = written[index]
                found[index] = pieces.soften(marked_for(brief, copy), copy, read[index], shares)
            bar.update(len(batch))
    return [found[index] for index in range(len(written))]


@dataclass(frozen=True)
class _Read:
    """A brief and its copy as a teacher reads them.

    starts: the character of the copy at which each of its tokens starts, and its end.
    """

    ids: list[int]
    starts: list[int]


def _read(brief: Brief, copy: str, tokenizer: Any) -> _Read:
    before = tokenizer(prompt(brief), add_special_tokens=False)["input_ids"]
    own = tokenizer(copy, add_special_tokens=False, return_offsets_mapping=True)
    # A token's own offset may leave out its leading space; the end of the one before does not.
    starts = [0, *(end for _, end in own["offset_mapping"])]
    return _Read([*before, *own["input_ids"]], starts)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of rows of like length, at most _BATCH_TOKENS padded tokens together."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and lengths[index] * (len(batch) + 1) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    yield batch


def _distributions(model: Any, rows: Sequence[_Read]) -> list[torch.Tensor]:
    """For each row (len(starts), tokens): what the teacher expects at each start, as shares."""
    ids, mask = padded([row.ids for row in rows], 0)
    with torch.inference_mode():
        inputs = {"input_ids": ids.to(model.device), "attention_mask": mask.to(model.device)}
        hidden = model.base_model(**inputs).last_hidden_state
        output = model.get_output_embeddings()
        return [
            output(hidden[i, len(row.ids) - len(row.starts) : len(row.ids)]).float().softmax(-1)
            for i, row in enumerate(rows)
        ]


class _Pieces:
    """A teacher's tokens as pieces of a student."""

    def __init__(self, tokenizer: Any, vocabulary: sentencepiece.SentencePieceProcessor) -> None:
        self._tokenizer, self._vocabulary = tokenizer, vocabulary
        self._count = vocabulary.vocab_size()
        self._slots = {
            piece
            for piece in range(self._count)
            if not _MARKERS.isdisjoint(vocabulary.id_to_piece(piece))
        }
        self._joins_nothing = len(vocabulary.encode("\0"))
        texts = self._texts()
        self._bare = torch.tensor([not text.strip() or text.strip().isdigit() for text in texts])
        # By whether the token starts the copy, where a piece carries a space that is not there.
        self._piece = {
            start: torch.tensor([self._first(text, start) for text in texts])
            for start in (True, False)
        }
        for table in self._piece.values():
            table[tokenizer.eos_token_id] = END

    def _texts(self) -> list[str]:
        """What each token of the teacher adds to a text that it goes on."""
        [before] = self._tokenizer("a", add_special_tokens=False)["input_ids"]
        both = [[before, token] for token in range(len(self._tokenizer))]
        return [text[1:] for text in self._tokenizer.batch_decode(both)]

    def _first(self, text: str, start: bool) -> int:
        """The piece that a text starts with; the number of pieces, if it is no whole text."""
        if not text or "\ufffd" in text:
            return self._count
        if text.startswith(" ") or start:
            return int((self._vocabulary.encode(text.removeprefix(" ")) or [self._count])[0])
        # After a character that joins no piece, a text goes on without a space.
        after = self._vocabulary.encode("\0" + text)[self._joins_nothing :]
        return int(after[0]) if after else self._count

    def soften(self, marked: Slots, copy: str, read: _Read, shares: torch.Tensor) -> Soft:
        """The soft targets of one pair. shares: (len(read.starts), the teacher's tokens)."""
        target = marked.extract(copy)
        cut = self._vocabulary.encode(target, return_type="proto").pieces
        offsets = _offsets(target, copy, marked)
        spans = [(offsets[piece.begin], offsets[piece.end]) for piece in cut]
        spans.append((len(copy), len(copy)))
        ids = [piece.id for piece in cut] + [END]
        place = {start: row for row, start in reversed(list(enumerate(read.starts)))}
        ends = [*read.starts[1:], len(copy)]
        expected = self._expected(marked, shares)
        soft_ids, soft_shares = torch.zeros(2, len(ids), TOP, dtype=torch.long)
        for index, (piece, (begin, end)) in enumerate(zip(ids, spans, strict=True)):
            inside = index > 0 and spans[index - 1][0] == begin
            row = place.get(begin)
            if row is None or piece in self._slots or inside or end > ends[row]:
                continue
            if expected[row].sum() >= KNOWN:
                top = expected[row].topk(TOP)
                soft_ids[index] = top.indices
                soft_shares[index] = (top.values / top.values.sum() * WHOLE).round()
        found = (soft_ids.flatten().tolist(), soft_shares.flatten().tolist())
        return dict(zip(SOFT, found, strict=True))

    def _expected(self, marked: Slots, shares: torch.Tensor) -> torch.Tensor:
        """The shares by the student's pieces: (len(starts), pieces)."""
        shares = shares.cpu()
        if any(marker in NUMBERS for marker, _ in marked.spans):
            # Which of the numbers would follow, a space or a digit does not say.
            shares = shares.masked_fill(self._bare, 0)
        by_piece = torch.zeros(len(shares), self._count + 1)
        for rows, start in ((slice(0, 1), True), (slice(1, None), False)):
            table = self._piece[start].clone()
            for token, piece in self._slot_pieces(marked, start):
                table[token] = piece
            by_piece[rows].index_add_(1, table, shares[rows])
        return by_piece[:, :-1]

    def _slot_pieces(self, marked: Slots, start: bool) -> Iterator[tuple[int, int]]:
        """The tokens that start the span of a slot, each with the slot's piece."""
        for marker, span in marked.spans:
            for before in ("", " "):
                ids = self._tokenizer(before + span, add_special_tokens=False)["input_ids"]
                # The first word of a keyword or feature of many words starts other things too.
                common = len(ids) > 1 and marker in (*KEYWORDS, *ANY_FEATURE)
                if not common and not self._bare[ids[0]]:
                    yield ids[0], self._first(before + marker, start)


def _offsets(target: str, copy: str, marked: Slots) -> list[int]:
    """Where each UTF-8 byte of a target, and its end, stands in the copy with its slots filled."""
    length = {marker: len(span) for marker, span in marked.spans}
    offsets, at = list[int](), 0
    for character in target:
        # A target has "a" before each slot, where the copy may have "an".
        at += character == " " and copy[at : at + 2] == "n "
        offsets += [at] * len(character.encode())
        at += length.get(character, 1)
    return [*offsets, at]
