"""What a policy says as a whole: who can do what, and what differs from another, each shown by a request."""
