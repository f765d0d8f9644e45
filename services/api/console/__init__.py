"""The console: what people look at in a browser. Pages ask what `/v1` answers, and act as `/v1` records."""
