"""The Celery application and its tasks: claim due rows, decide, commit."""
