"""Tables, set-based queries and migrations. Takes an open session or connection; never commits."""
