"""CTranslate2: a model in int8, all candidates in one batch."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ctranslate2


def load(directory: Path) -> Callable[[int, int], list[int]]:
    """The model in `directory`."""
    config = json.loads((directory / "config.json").read_text())
    prompt = json.loads((directory / "prompt.json").read_text())["pieces"]
    options: dict[str, Any] = {
        "sampling_topk": 20,
        "sampling_topp": 0.95,
        "sampling_temperature": 0.7,
    }
    if "decoder_start_token" in config:
        translator = ctranslate2.Translator(str(directory), inter_threads=1, intra_threads=1)

        def translate(candidates: int, tokens: int) -> list[int]:
            result = translator.translate_batch(
                [prompt],
                beam_size=1,
                num_hypotheses=candidates,
                min_decoding_length=tokens,
                max_decoding_length=tokens,
                **options,
            )[0]
            return [len(sequence) for sequence in result.hypotheses]

        return translate
    model = ctranslate2.Generator(str(directory), inter_threads=1, intra_threads=1)

    def write(candidates: int, tokens: int) -> list[int]:
        result = model.generate_batch(
            [prompt],
            num_hypotheses=candidates,
            min_length=tokens,
            max_length=tokens,
            include_prompt_in_result=False,
            **options,
        )[0]
        return [len(sequence) for sequence in result.sequences_ids]

    return write
