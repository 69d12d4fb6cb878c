"""The demo: an upstream that echoes, keys and a country database made on first run, and requests to paste."""
