"""Model files: bounds-checked lazy readers, writers, one Artifact view."""
