"""What the tests of a teacher's training start from."""

from finetune.teacher import TeacherSettings
from tests.tiny_models import deck_rows

ROWS = deck_rows(24)
SETTINGS = TeacherSettings(
    max_steps=8, batch_size=4, eval_steps=4, bf16=False, learning_rate=5e-3, patience=9, seed=3
)
