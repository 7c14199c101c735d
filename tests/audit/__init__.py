"""The auditor, the seals of the audit trail, the status and the stages, on a real database."""
