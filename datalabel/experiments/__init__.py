"""Experiments: what a set was trained on, split how, and whether it is still the same."""
