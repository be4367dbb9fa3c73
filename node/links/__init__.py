"""The node's three links: WebRTC to each peer, MQTT to the room's broker, and a broker of its own."""
