"""The demonstration: real nodes in processes of their own, flown, watched, recorded and judged."""
