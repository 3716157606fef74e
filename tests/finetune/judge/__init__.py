"""Tests of finetune/judge/."""
