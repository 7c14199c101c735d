"""Files and feeds to canonical records, then an idempotent upsert.

Must not decide what a miss means: that is the engine's affair.
"""
