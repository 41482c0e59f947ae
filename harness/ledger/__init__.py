"""What was measured: the record of a run, and what it is worth."""
