"""Tests of the data coming in."""
