"""`make bench`: what Steadfast does beside what its parts would do alone, in one run. Never part of the tests."""
