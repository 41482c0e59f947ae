"""Trials: plan, run, judge, mutate; from a clause to a verdict."""
