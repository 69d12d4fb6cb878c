"""What a replay has shown: for people, for machines, for CI."""
