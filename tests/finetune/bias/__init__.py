"""Tests of finetune/bias/."""
