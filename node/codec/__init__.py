"""What the `codec` commands do: code a caption, measure the codecs, set other compressors beside them."""
