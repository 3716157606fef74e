"""CTranslate2: a decoder in int8, all candidates in one batch."""

import json
from collections.abc import Callable
from pathlib import Path

import ctranslate2


def load(directory: Path) -> Callable[[int, int], list[int]]:
    """The model in `directory`."""
    model = ctranslate2.Generator(str(directory), inter_threads=1, intra_threads=1)
    prompt = json.loads((directory / "prompt.json").read_text())["pieces"]

    def write(candidates: int, tokens: int) -> list[int]:
        result = model.generate_batch(
            [prompt],
            num_hypotheses=candidates,
            min_length=tokens,
            max_length=tokens,
            include_prompt_in_result=False,
            sampling_topk=50,
            sampling_topp=0.95,
            sampling_temperature=0.6,
        )[0]
        return [len(sequence) for sequence in result.sequences_ids]

    return write
