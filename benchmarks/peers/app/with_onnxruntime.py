"""ONNX Runtime: the student in int8; the prompt is read once, then all candidates in one batch."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

TOP_K, TOP_P, TEMPERATURE = 20, 0.95, 0.7


def load(directory: Path) -> Callable[[int, int], list[int]]:
    """The model in `directory`, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    if (directory / "reader.onnx").exists():
        return _seq2seq(directory, options)
    session = _session(directory / "model.onnx", options)
    names = [output.name for output in session.get_outputs()]
    pasts = [one for one in session.get_inputs() if one.name.startswith("past_")]
    prompt = json.loads((directory / "prompt.json").read_text())["ids"]
    random = np.random.default_rng()

    def step(ids: np.ndarray, held: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        total = held[0].shape[2] + ids.shape[1]
        given = {
            "ids": ids,
            "last": np.full(ids.shape[0], total - 1, np.int32),
            "total": np.array(total, np.int32),
            **{past.name: value for past, value in zip(pasts, held, strict=True)},
        }
        logits, *held = session.run(names, given)
        return logits, held

    def write(candidates: int, tokens: int) -> list[int]:
        empty = [np.zeros((1, past.shape[1], 0, past.shape[3]), np.float32) for past in pasts]
        logits, held = step(np.array([prompt], np.int64), empty)
        logits = np.repeat(logits, candidates, axis=0)
        held = [np.repeat(one, candidates, axis=0) for one in held]
        written = []
        for _ in range(tokens - 1):
            written.append(_sample(logits, random))
            logits, held = step(written[-1][:, None], held)
        written.append(_sample(logits, random))
        return [len(written)] * candidates

    return write


def _session(path: Path, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _seq2seq(
    directory: Path, options: onnxruntime.SessionOptions
) -> Callable[[int, int], list[int]]:
    """An encoder-decoder: a model that reads the prompt and one that writes."""
    reader = _session(directory / "reader.onnx", options)
    writer = _session(directory / "writer.onnx", options)
    prompt = json.loads((directory / "prompt.json").read_text())["ids"]
    random = np.random.default_rng()
    layers = range((len(writer.get_inputs()) - 1) // 4)
    pasts = [f"past_{part}_{index}" for index in layers for part in ("key", "value")]
    reads = [f"read_{part}_{index}" for index in layers for part in ("key", "value")]

    def write(candidates: int, tokens: int) -> list[int]:
        found = reader.run(None, {"ids": np.array([prompt], np.int64)})
        looked = dict(zip(reads, found, strict=True))
        heads, size = found[1].shape[1], found[1].shape[3]
        shapes = {"key": (candidates, heads, size, 0), "value": (candidates, heads, 0, size)}
        held = [np.zeros(shapes[name.split("_")[1]], np.float32) for name in pasts]
        ids = np.zeros(candidates, np.int64)  # the decoder starts from padding
        for _ in range(tokens):
            given = {"ids": ids[:, None], **dict(zip(pasts, held, strict=True)), **looked}
            logits, *held = writer.run(None, given)
            ids = _sample(logits[:, -1], random)
        return [tokens] * candidates

    return write


def _sample(logits: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """One token for each row of `logits`, (rows, vocabulary): the likeliest TOP_K, of those the
    likeliest that hold TOP_P."""
    best = np.argpartition(logits, -TOP_K, axis=1)[:, -TOP_K:]
    values = np.take_along_axis(logits, best, 1) / TEMPERATURE
    order = np.argsort(-values, axis=1)
    best, values = np.take_along_axis(best, order, 1), np.take_along_axis(values, order, 1)
    shares = np.exp(values - values[:, :1])
    shares /= shares.sum(1, keepdims=True)
    shares[np.cumsum(shares, 1) - shares >= TOP_P] = 0
    sums = np.cumsum(shares, 1)
    chosen = (sums < random.random((len(logits), 1)) * sums[:, -1:]).sum(1)
    return np.take_along_axis(best, chosen[:, None], 1)[:, 0].astype(np.int64)
