"""The hot loops: one-pass statistics and dequantisation."""
