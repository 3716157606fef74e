"""Tinycopy's serving core: the brief, its encoding, the checks and the student.

This package is deployed, so it imports no torch, no transformers and nothing from the
training rooms. Training imports it instead, so that training and serving cannot disagree.
"""
