"""Plain second implementations of formats and gates, which share no code with what is on trial."""
