"""Annotated sequences, training sets and synthetic scenes."""
