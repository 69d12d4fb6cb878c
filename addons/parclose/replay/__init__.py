"""Replay: recorded requests, judged again at their recorded instant, and what that changes."""
