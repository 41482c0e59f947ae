"""The program `falsify`: the composition root, and a thin command for each question."""
