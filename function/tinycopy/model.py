"""A converted student in CTranslate2: an encoder-decoder, or a decoder that reads and goes on.

Tokens in, tokens out. Not here: what the tokens mean and which copy is best (student.py).
"""

import itertools
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ctranslate2
import msgspec

from tinycopy.manifest import ReleaseError

ANY_SEED = 2**32 - 1  # CTranslate2's own mark for "draw a seed from the system"
END = "</s>"
MAX_SOURCE_TOKENS = 1024

_VOCABULARY = "shared_vocabulary.json"
_SEEDING = threading.Lock()  # CTranslate2 has one seed for the process


class Model:
    """The files of a release as a model that writes one batch at a time, on one CPU."""

    def __init__(
        self, files: Mapping[str, bytes], seed: int = ANY_SEED, shortlist: Iterable[str] = ()
    ) -> None:
        """Loads config.json, model.bin and shared_vocabulary.json of `files` (name -> content).

        shortlist: tokens from which an encoder-decoder samples, END among them; none for all. To
        weigh the others takes time, and copy hardly ever has them (Jean et al., 2015).
        Random numbers start from `seed`. CTranslate2 seeds a worker's generator when that worker
        first samples, from a seed of the whole process. So the seed is set, one token sampled and
        the seed reset under one lock; docs/decisions/2026-11-22-seeds.md has what was measured.
        Raises ReleaseError if CTranslate2 refuses the files.
        """
        self._seq2seq = "decoder_start_token" in _config(files)
        family: Any = ctranslate2.Translator if self._seq2seq else ctranslate2.Generator
        self._shortlist = frozenset(shortlist if self._seq2seq else ())
        own = dict(files)
        if self._shortlist:
            # One list, whatever is read: CTranslate2 looks for ends where they stood in the first
            # list that it was given (OpenNMT/CTranslate2 4.8, src/layers/decoder.cc).
            own["vmap.txt"] = f"\t{' '.join(self._shortlist)}\n".encode()
        if not self._seq2seq:
            # A decoder's vocabulary is shared with nobody: CTranslate2 asks for it by another name.
            own["vocabulary.json"] = own[_VOCABULARY]
        with _SEEDING:
            ctranslate2.set_random_seed(seed)
            try:
                self._model = family("release", files=own, inter_threads=1, intra_threads=1)
                # The end token alone would be passed over as empty, without a sample.
                self.sample(["<unk>", END], 1, 1, top_k=0, top_p=1.0, temperature=1.0)
            except (RuntimeError, ValueError) as error:
                raise ReleaseError(f"model.bin: {error}") from error
            finally:
                ctranslate2.set_random_seed(ANY_SEED)

    def sample(
        self,
        tokens: Sequence[str],
        count: int,
        limit: int,
        *,
        least: int = 0,
        top_k: int,
        top_p: float,
        temperature: float,
        repetition_penalty: float = 1.0,
        openings: Sequence[Sequence[str]] = ((),),
        without: Sequence[str] = (),
        ends: Sequence[str] = (END,),
        branch: bool = False,
    ) -> list[list[tuple[list[str], float]]]:
        """For each opening `count` samples of `least` to `limit` tokens that follow `tokens`, from
        the opening on.

        without: tokens that no sample has.  ends: tokens that end a sample.  branch: whether
        samples go on from an opening with a different token each, the likeliest ones, and may
        repeat what it says; an encoder-decoder then reads an opening once for all. Each as its
        tokens, its end included if it ended, and the mean log probability of those after its
        opening.
        """
        options: dict[str, Any] = {
            "num_hypotheses": count,
            "sampling_topk": top_k,
            "sampling_topp": top_p,
            "sampling_temperature": temperature,
            "repetition_penalty": repetition_penalty,
            "suppress_sequences": [[token] for token in without] or None,
            "end_token": list(ends),
            "return_scores": True,
            "length_penalty": 0,
        }
        if self._seq2seq:
            options["use_vmap"] = self._shortlist.issuperset(itertools.chain(*openings))
            options["return_alternatives"] = branch and any(openings)
            return self._continued(tokens, openings, limit, min(least, limit), options)
        # One at a time, for what `likeliest` says.
        return [self._gone_on(tokens, opening, limit, least, options) for opening in openings]

    def _continued(
        self,
        tokens: Sequence[str],
        openings: Sequence[Sequence[str]],
        limit: int,
        least: int,
        options: Mapping[str, Any],
    ) -> list[list[tuple[list[str], float]]]:
        """What an encoder-decoder samples, all openings in one batch."""
        prefix = _lists(openings) if any(openings) else None
        results = self._run(
            [tokens] * len(openings),
            limit,
            **options,
            min_decoding_length=least,
            target_prefix=prefix,
        )
        found = []
        for opening, result in zip(openings, results, strict=True):
            counts = [max(1, len(each) - len(opening)) for each in result.hypotheses]
            scores = [total / count for total, count in zip(result.scores, counts, strict=True)]
            found.append(list(zip(result.hypotheses, scores, strict=True)))
        return found

    def _gone_on(
        self,
        tokens: Sequence[str],
        opening: Sequence[str],
        limit: int,
        least: int,
        options: Mapping[str, Any],
    ) -> list[tuple[list[str], float]]:
        """What a decoder alone samples after the tokens and one opening."""
        limit = max(1, limit - len(opening))
        least = min(max(0, least - len(opening)), limit)
        result = self._run([[*tokens, *opening]], limit, **options, min_length=least)[0]
        written = ([*opening, *new] for new in result.sequences)
        scores = [
            total / max(1, len(new))
            for total, new in zip(result.scores, result.sequences, strict=True)
        ]
        return list(zip(written, scores, strict=True))

    def likeliest(
        self,
        tokens: Sequence[str],
        limit: int,
        *,
        beam: int = 1,
        repetition_penalty: float = 1.0,
        without: Sequence[str] = (),
    ) -> list[str]:
        """The likeliest tokens after `tokens` that beam search of a width finds; no end token."""
        # One row at a time: in a batch CTranslate2 also penalises the ends of prompts that are
        # longer than the shortest.
        result = self._run(
            [tokens],
            limit,
            beam_size=beam,
            repetition_penalty=repetition_penalty,
            suppress_sequences=[[token] for token in without] or None,
        )[0]
        row = self._read(result)[0][0]
        return row[:-1] if row[-1:] == [END] else row

    def score(
        self, sources: Sequence[Sequence[str]], targets: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Log probability of each token of a target, end token included, after its source."""
        if self._seq2seq:
            # CTranslate2 ends each target itself and scores the end too.
            scored = self._model.score_batch(_lists(sources), _lists(targets))
            return [one.log_probs for one in scored]
        rows = [[*s, *t, END] for s, t in zip(sources, targets, strict=True)]
        scored = self._model.score_batch(rows)
        return [one.log_probs[-len(t) - 1 :] for one, t in zip(scored, targets, strict=True)]

    def _run(self, batch: Sequence[Sequence[str]], limit: int, **options: Any) -> list[Any]:
        options = {"beam_size": 1, "disable_unk": True, "return_end_token": True} | options
        if self._seq2seq:
            results = self._model.translate_batch(
                _lists(batch),
                max_input_length=MAX_SOURCE_TOKENS,
                max_decoding_length=limit,
                **options,
            )
        else:
            results = self._model.generate_batch(
                _lists(batch), max_length=limit, include_prompt_in_result=False, **options
            )
        return list(results)

    def _read(self, result: Any) -> tuple[list[list[str]], list[float]]:
        return (result.hypotheses if self._seq2seq else result.sequences), result.scores


def _lists(batch: Sequence[Sequence[str]]) -> list[list[str]]:
    return [list(tokens) for tokens in batch]


def _config(files: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        return msgspec.json.decode(files["config.json"], type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ReleaseError(f"config.json: {error}") from error
