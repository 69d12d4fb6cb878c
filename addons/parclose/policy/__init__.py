"""The policy: its text, what is wrong with it, and what it means; knows nothing of requests in flight."""
