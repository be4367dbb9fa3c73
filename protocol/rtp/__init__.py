"""RTP (RFC 3550): sequence numbers, streams, redundancy, receiver reports, consent, retiming."""
