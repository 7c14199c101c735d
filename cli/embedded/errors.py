"""What can go wrong with the embedded servers, in words for the person who started them."""


class EmbeddedError(Exception):
    """An embedded server can't be used; the message says what to do. Nothing was changed."""


class DataPathTooLong(EmbeddedError):
    """The data folder's path leaves no room for a unix socket; choose a shorter one."""


class ServerDidNotStart(EmbeddedError):
    """A server was started and never answered; its log is named in the message."""
