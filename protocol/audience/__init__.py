"""An audience: one stage speaks, and any number listens, publishes nothing and need not trust one another.

Sans-I/O as the rest of `protocol`. Reading order:

    audience_link   what a listener is given: a secret, and whose key to believe
    epochs          keys of each hour, by a ratchet
    signing         the speaker's key
    announcement    every ten seconds: that the stage is live now
    speech_message  240 ms of speech
    checkpoint      what proves a second of messages
    stage           the speaker's side
    seat            a listener's side
    live_rule       is it live?
    proving         whose speech is it?
    release         when is it played?
"""
