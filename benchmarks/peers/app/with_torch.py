"""transformers and torch: the student as it was trained, all candidates in one batch."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import LlamaForCausalLM


def load(directory: Path) -> Callable[[int, int], list[int]]:
    """The model in `directory`, on one thread."""
    torch.set_num_threads(1)
    model = LlamaForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    ids = torch.tensor([json.loads((directory / "prompt.json").read_text())["ids"]])

    def write(candidates: int, tokens: int) -> list[int]:
        with torch.inference_mode():
            found = model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                do_sample=True,
                top_k=50,
                top_p=0.95,
                temperature=0.6,
                min_new_tokens=tokens,
                max_new_tokens=tokens,
                num_return_sequences=candidates,
                use_cache=True,
            )
        return [found.shape[1] - ids.shape[1]] * found.shape[0]

    return write
