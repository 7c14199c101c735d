"""The PostgreSQL and Redis that Steadfast runs for itself when it is given no addresses of others.

One keeper process per data folder owns both servers. Whoever needs them holds a lease: an open socket to the keeper.
The kernel closes it however its holder ends, and with the last lease the servers stop.
"""

from cli.embedded.errors import DataPathTooLong, EmbeddedError, ServerDidNotStart
from cli.embedded.lease import Servers, ensure

__all__ = ["DataPathTooLong", "EmbeddedError", "ServerDidNotStart", "Servers", "ensure"]
