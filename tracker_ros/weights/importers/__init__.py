"""Readers of parameters that authors published, one file a format or family."""
