"""The one way a value is refused: by saying what was expected of it."""


class BadValue(Exception):
    """A value can't be read; the text says what was expected. The row parser adds line, column and value."""
