"""Random policies and requests, held against what the language says in so many words."""
