"""Pure, scriptable tensor functions that trackers and training share."""
