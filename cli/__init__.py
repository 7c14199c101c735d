"""The steadfast command, and the embedded servers it can start."""
