"""Configurations, families, derived inventories, mismatch sets."""
