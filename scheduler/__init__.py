"""APScheduler ticks, the leader lease and heartbeats: a clock that only ticks."""
