"""Reports: pure functions of a discharge, for programs, for people, and for the terminal."""
