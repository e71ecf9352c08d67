"""Experiments that repeat a claim of a paper, each by one command."""
