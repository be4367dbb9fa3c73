"""The page: a call seen, heard and taken part in from a browser. What it speaks is in docs/web-api.md."""
