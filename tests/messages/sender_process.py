"""A sender as a process of its own, for tests that kill it. Arguments: database, clock, Twilio, mail server."""

import sys
from datetime import datetime

from sqlalchemy import create_engine

from tests.messages.scenario import channels, drain

if __name__ == "__main__":
    database_url, now, twilio, smtp = sys.argv[1:]
    ways = channels(twilio_base=twilio or None, smtp_url=smtp or None, seconds=60)
    drain(create_engine(database_url), ways, now=datetime.fromisoformat(now))
