"""How decisions are kept: records, redaction, sinks."""
