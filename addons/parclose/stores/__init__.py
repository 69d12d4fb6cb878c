"""The IO behind the ports: counters, keys, databases, names, files."""
