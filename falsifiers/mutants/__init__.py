"""Planted defects: one operator a function, each a record of where, what, from and to."""
