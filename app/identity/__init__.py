"""Who clients are: cloud metadata, OpenID discovery, tokens, and what a token may do."""
