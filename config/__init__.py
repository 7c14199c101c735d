"""All that a deploying trust may change: settings, pathways, schedules, contacts and messages."""
