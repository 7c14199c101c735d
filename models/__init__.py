"""The one truth: the field's words and decisions (domain) and the tables that hold them (db)."""
