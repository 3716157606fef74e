"""llama.cpp: a GGUF file, one candidate after another; what they share of the prompt stays read."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

from llama_cpp import Llama


def load(directory: Path) -> Callable[[int, int], list[int]]:
    """The model in `directory`, on one thread."""
    model = Llama(
        str(directory / "model.gguf"), n_ctx=512, n_threads=1, n_threads_batch=1, verbose=False
    )
    prompt = json.loads((directory / "prompt.json").read_text())["ids"]

    def write(candidates: int, tokens: int) -> list[int]:
        counts = []
        for _ in range(candidates):
            written = model.generate(prompt, top_k=20, top_p=0.95, temp=0.7)
            counts.append(len(list(itertools.islice(written, tokens))))
        return counts

    return write
