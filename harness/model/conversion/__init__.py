"""The reference converter."""
