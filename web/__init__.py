"""Pages, API and providers' callbacks. Parses, checks permission and team, calls, renders."""
