"""Opus packets on the wire, and when to play them.

Reading order: opus_packet and lyra (a packet), opus_padding and high_band (what goes beside it), redundancy (what is
sent twice), frame_buffer, jitter and cursor (the parts of a jitter buffer), playout (the buffer), playout_events (what
it returns), loss_pattern (what reports show).
"""
