"""What goes over the wire and how it is read.

Pure and sans-I/O: bytes and `now` (seconds of a monotonic clock) go in; bytes, events and deadlines come
out. Nothing here opens a socket, a file or a device, sleeps, or reads the clock. Import the submodule you
need.

Reading order:

    errors        the tree of what is raised
    envelope      the form of every MQTT message
    topics        where a message goes
    room_secret   what all keys come from; room_link and passphrase, how people hold it
    sealing       encryption of all that goes through the broker
    frames        pictures as words; look, their side information
    signalling/   who is in the room, and how calls are set up
    rtp/          sequence numbers, redundancy, reports and consent beside the speech
    speech/       Opus packets, and when each is played
    captions/     words as few bytes
    log/          recordings
    audience/     one stage, and listeners without a limit
"""
