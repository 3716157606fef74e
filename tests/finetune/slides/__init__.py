"""Tests of finetune/slides/."""
