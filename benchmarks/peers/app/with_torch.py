"""transformers and torch: the student as it was trained, all candidates in one batch."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, LlamaForCausalLM, T5ForConditionalGeneration


def load(directory: Path) -> Callable[[int, int], list[int]]:
    """The model in `directory`, on one thread."""
    torch.set_num_threads(1)
    config = AutoConfig.from_pretrained(directory)
    family: Any = T5ForConditionalGeneration if config.is_encoder_decoder else LlamaForCausalLM
    model = family.from_pretrained(directory, dtype=torch.float32).eval()
    ids = torch.tensor([json.loads((directory / "prompt.json").read_text())["ids"]])

    def write(candidates: int, tokens: int) -> list[int]:
        with torch.inference_mode():
            found = model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                do_sample=True,
                top_k=20,
                top_p=0.95,
                temperature=0.7,
                min_new_tokens=tokens,
                max_new_tokens=tokens,
                num_return_sequences=candidates,
                use_cache=True,
            )
        # A decoder's output starts from padding, a causal model's from the prompt.
        read = 1 if config.is_encoder_decoder else ids.shape[1]
        return [found.shape[1] - read] * found.shape[0]

    return write
