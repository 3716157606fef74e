"""A Trainer for students: batches by tokens; its evaluation also reads what the student writes."""

from collections.abc import Callable, Sequence
from typing import Any

import sentencepiece
import torch
from accelerate.utils import gather_object
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax
from torch.utils.data import DataLoader
from transformers import Adafactor, PreTrainedModel, Trainer

from distill.greedy import Quality, quality, write_with_torch
from distill.pairs import Example, TokenBatches, collate, collate_causal
from distill.soft_targets import SOFT
from finetune.deck import Row
from finetune.teacher import IGNORED

_BATCH = 32
_GUIDES = "guide_"
"""Before the name of a tensor that the guide reads, in a batch that the student reads too."""

Batch = dict[str, torch.Tensor]


class StudentTrainer(Trainer):
    """Trains a student on examples; evaluates its loss on others and its copy for `rows`.

    examples: a `datasets.Dataset` or a list of Example.  unseen: examples of the validation split.
    guide: a larger student of the same vocabulary, of either kind, whose next-token distribution is
    learnt too.
    """

    def __init__(
        self,
        *,
        model: PreTrainedModel,
        args: Any,
        examples: Any,
        unseen: Sequence[Example],
        rows: Sequence[Row],
        vocabulary: sentencepiece.SentencePieceProcessor,
        batch_tokens: int,
        guide: PreTrainedModel | None,
        guide_weight: float,
        callbacks: list[Any],
    ) -> None:
        self._examples, self._unseen = examples, unseen
        super().__init__(
            model=model,
            args=args,
            train_dataset=examples,
            eval_dataset=list(rows),
            data_collator=_collator(model, guide),
            callbacks=callbacks,
        )
        self._batches = TokenBatches(examples, batch_tokens, args.seed)
        self._vocabulary = vocabulary
        moved: Any = guide
        self._guide = None if guide is None else moved.to(args.device)
        self._guide_weight = guide_weight

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW for a teacher's layers; for a T5, Adafactor (Shazeer and Stern, 2018).

        A T5's first embeddings are a hundred times larger than its other weights; Adam, whose steps
        have one size for all, hardly moves them. Adafactor's steps are in proportion to each
        weight's own size (docs/decisions has what was measured).
        """
        trained: Any = model or self.model
        if not self._unwrapped(trained).config.is_encoder_decoder:
            adamw: torch.optim.Optimizer = super().create_optimizer(model)
            return adamw
        self.optimizer = Adafactor(
            trained.parameters(),
            lr=self.args.learning_rate,
            scale_parameter=True,
            relative_step=False,
            weight_decay=self.args.weight_decay,
        )
        return self.optimizer

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches of like length, of as many rows as their tokens allow."""
        loader: DataLoader[Any] = DataLoader(
            self._examples, batch_sampler=self._batches, collate_fn=self.data_collator
        )
        prepared: DataLoader[Any] = self.accelerator.prepare(loader)
        return prepared

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Cross-entropy with label smoothing, mixed with that from what is known of better ones.

        Of a token with soft targets, with the cross-entropy from these; with a guide, with the
        divergence from it, KL(guide || student). All are means per target token, in nats (Hinton
        et al., 2015, at temperature 1).
        """
        real = inputs["labels"] != IGNORED
        soft = [inputs.pop(name)[real] for name in SOFT if name in inputs]
        labelled = {"labels": inputs["labels"]}
        logits, labels = self._logits(model, inputs)[real], inputs["labels"][real]
        smoothing = self.args.label_smoothing_factor
        losses = cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
        if soft and model.training:
            ids, shares = soft
            softened = -(shares * log_softmax(logits, dim=-1).gather(1, ids)).sum(dim=1)
            weight = self._guide_weight * (shares.sum(dim=1) > 0)
            losses = (1 - weight) * losses + weight * softened
        loss = losses.mean()
        if self._guide is not None and model.training:
            read = {name.removeprefix(_GUIDES): inputs[name] for name in _guides(inputs)}
            with torch.no_grad():
                guided = softmax(self._logits(self._guide, read | labelled)[real], dim=-1)
            apart = kl_div(log_softmax(logits, dim=-1), guided, reduction="batchmean")
            loss = (1 - self._guide_weight) * loss + self._guide_weight * apart
        return (loss, {"logits": logits}) if return_outputs else loss

    def _logits(self, model: torch.nn.Module, inputs: Batch) -> torch.Tensor:
        """What `model` expects of each target token: (batch, target, pieces)."""
        known = {name: inputs[name] for name in inputs.keys() - {"labels", *_guides(inputs)}}
        if self._unwrapped(model).config.is_encoder_decoder:
            logits: torch.Tensor = model(**known).logits
        else:
            # The token before a target's foretells it; the other tokens' logits are never made.
            kept = inputs["labels"].size(1) + 1
            logits = model(**known, logits_to_keep=kept).logits[:, :-1]
        return logits.float()

    def _unwrapped(self, model: Any) -> Any:
        return self.accelerator.unwrap_model(model)

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """The loss on unseen examples, which decides which checkpoint is the best; greedy copy's
        chrF against the deck's and the share of it that passes all checks, both in [0, 1].
        """
        rows: Any = eval_dataset or self.eval_dataset
        found = self.quality(rows)
        named = {"loss": self.unseen_loss(), "chrf": found.chrf, "checks": found.checks}
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in named.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def unseen_loss(self) -> float:
        """The mean cross-entropy of a token of the unseen examples' copy, in nats."""
        model = self._unwrapped(self.model).eval()
        total, tokens = 0.0, 0
        for start in range(0, len(self._unseen), _BATCH):
            examples = list(self._unseen[start : start + _BATCH])
            batch = self._prepare_inputs(self.data_collator(examples))
            real = batch["labels"] != IGNORED
            with torch.inference_mode():
                logits = self._logits(model, batch)[real]
                total += cross_entropy(logits, batch["labels"][real], reduction="sum").item()
            tokens += int(real.sum())
        return total / tokens

    def quality(self, rows: Sequence[Row]) -> Quality:
        """How good greedy copy for the rows is, with no word to callbacks and logs.

        Each rank writes a share of the copy. All get the same figures, and so agree on when to
        stop and which checkpoint is best.
        """
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        model = self._unwrapped(self.model).eval()
        mine = range(rank, len(rows), world)
        copies = write_with_torch(model, self._vocabulary, [rows[i] for i in mine])
        written = dict(gather_object(list(zip(mine, copies, strict=True))))
        return quality(rows, [written[i] for i in range(len(rows))])


def _collator(
    model: PreTrainedModel, guide: PreTrainedModel | None
) -> Callable[[Sequence[Example]], Batch]:
    """Examples as a batch that the model reads, and its guide if there is one."""
    mine = _collate(model)
    if guide is None:
        return mine
    its = _collate(guide)

    def both(examples: Sequence[Example]) -> Batch:
        read = its(examples)
        return mine(examples) | {
            _GUIDES + name: read[name] for name in read.keys() - {"labels", *SOFT}
        }

    return both


def _collate(model: PreTrainedModel) -> Callable[[Sequence[Example]], Batch]:
    return collate if model.config.is_encoder_decoder else collate_causal


def _guides(inputs: Batch) -> list[str]:
    return [name for name in inputs if name.startswith(_GUIDES)]
