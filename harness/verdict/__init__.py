"""Verdict, evidence and error types: known to every room, knowing none."""
