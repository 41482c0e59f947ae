"""Populations: the cases that are drawn, the files made of them, and what a right answer to each is."""
