"""How long each step of a call may take, and how often what fails is tried again."""

from __future__ import annotations

# How long the node with the larger id leaves the first offer to the other: gathering candidates takes 0.2 s,
# and the rest is two trips through a slow broker.
OFFER_GRACE_S = 1.0
# An offer that is not answered was lost, or its answer was: again after this, then after twice as long...
OFFER_RESEND_S = 2.0
# ...so that an attempt lasts 30 s before a new one, with newly gathered candidates, takes its place.
OFFER_TRIES = 4
# Making a description takes 0.2 s; an unreachable STUN server costs 5 s.
DESCRIBE_TIMEOUT_S = 10.0
# ICE and DTLS take 0.3 s on a good link, and several seconds at 20 kbit/s with losses.
CONNECT_TIMEOUT_S = 15.0
# The pauses before the second attempt, the third, and so on; each is jittered down to a half.
RETRY_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
# A signal on the topic that the peer alone reads is lost where a broker's access list is older than such topics: from
# this try on an offer goes on our own topic, that all read. Sooner, and a slow link would carry it for everybody.
OPEN_FROM_TRY = 2
# A connection that lived this long was a good one: the next pause is short again.
STABLE_S = 10.0
# A peer that offers again and again has us make and end connections, or repeat an answer, each time: so many at once,
# then one in so many seconds, which is as often as an offer is sent again.
OFFER_BURST = 5
OFFER_EVERY_S = OFFER_RESEND_S
# While speech goes through the broker, a link is tried this often: an attempt costs 2 kB, and keeps trying for 15 s.
DIRECT_EVERY_S = 60.0
