"""A Trainer for students: batches by tokens, scores by the copy that the student writes."""

from collections.abc import Sequence
from typing import Any

import sentencepiece
import torch
from accelerate.utils import gather_object
from torch.nn.functional import kl_div, log_softmax, softmax
from torch.utils.data import DataLoader
from transformers import Adafactor, T5ForConditionalGeneration, Trainer

from distill.greedy import Quality, quality, write_with_torch
from distill.pairs import TokenBatches, collate
from finetune.deck import Row
from finetune.teacher import IGNORED


class StudentTrainer(Trainer):
    """Trains a student on examples; evaluates greedy copy for the briefs of `rows`.

    examples: a `datasets.Dataset` or a list of Example.
    guide: a larger student of the same vocabulary whose next-token distribution is learnt too.
    """

    def __init__(
        self,
        *,
        model: T5ForConditionalGeneration,
        args: Any,
        examples: Any,
        rows: Sequence[Row],
        vocabulary: sentencepiece.SentencePieceProcessor,
        batch_tokens: int,
        guide: T5ForConditionalGeneration | None,
        guide_weight: float,
        callbacks: list[Any],
    ) -> None:
        self._examples = examples
        super().__init__(
            model=model,
            args=args,
            train_dataset=examples,
            eval_dataset=list(rows),
            data_collator=collate,
            callbacks=callbacks,
        )
        self._batches = TokenBatches(examples, batch_tokens, args.seed)
        self._vocabulary = vocabulary
        self._guide = guide.to(args.device) if guide is not None else None
        self._guide_weight = guide_weight

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """Adafactor with updates in proportion to each weight's own size (Shazeer and Stern, 2018).

        T5's first embeddings are a hundred times larger than its other weights; Adam, whose steps
        have one size for all, hardly moves them (docs/decisions has what was measured).
        """
        trained: Any = model or self.model
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
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Cross-entropy with label smoothing; with a guide, mixed with the divergence from it.

        The divergence is KL(guide || student) per target token, in nats (Hinton et al., 2015, at
        temperature 1).
        """
        hard, outputs = super().compute_loss(model, dict(inputs), True, num_items_in_batch)
        loss = hard
        if self._guide is not None and model.training:
            with torch.no_grad():
                guided = self._guide(
                    **{k: v for k, v in inputs.items() if k != "labels"}
                ).logits.float()
            real = inputs["labels"] != IGNORED
            student = log_softmax(outputs["logits"].float()[real], dim=-1)
            soft = kl_div(student, softmax(guided[real], dim=-1), reduction="batchmean")
            loss = (1 - self._guide_weight) * hard + self._guide_weight * soft
        return (loss, outputs) if return_outputs else loss

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """chrF against the deck's copy, the share that passes all checks, and their mean.

        Both are shares in [0, 1]; `score`, their mean, decides which checkpoint is the best.
        """
        rows: Any = eval_dataset or self.eval_dataset
        found = self.quality(rows)
        named = {"chrf": found.chrf, "checks": found.checks, "score": found.score}
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in named.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def quality(self, rows: Sequence[Row]) -> Quality:
        """How good greedy copy for the rows is, with no word to callbacks and logs.

        Each rank writes a share of the copy. All get the same figures, and so agree on when to
        stop and which checkpoint is best.
        """
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        model = self.accelerator.unwrap_model(self.model).eval()
        mine = range(rank, len(rows), world)
        copies = write_with_torch(model, self._vocabulary, [rows[i] for i in mine])
        written = dict(gather_object(list(zip(mine, copies, strict=True))))
        return quality(rows, [written[i] for i in range(len(rows))])
