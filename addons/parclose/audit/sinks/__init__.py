"""Where audit lines go."""
