"""Offline training of every tracker's networks."""
