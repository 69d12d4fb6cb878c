"""What is said of policies as wholes."""
