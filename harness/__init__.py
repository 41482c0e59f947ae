"""The machine of falsify: contracts become trials, trials become evidence, evidence becomes a report."""

__version__ = "0.1.0"
