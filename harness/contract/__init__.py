"""The contract language: models, loader with positions, dialects, bindings, selection, lint."""
