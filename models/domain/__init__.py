"""The words, states and decisions, as pure functions. Reads no database, no clock and no settings."""
