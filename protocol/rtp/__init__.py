"""RTP (RFC 3550) and what is beside it: sequence numbers, streams, redundancy, reports, consent, retiming."""
