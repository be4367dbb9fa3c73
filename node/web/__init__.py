"""The page: a call or a recording in a browser, and the browser as microphone and camera. docs/web-api.md is its API.

In reading order: `page` puts everything together and `server` serves it, through `acceptor`, `connections`, `access`,
`fault_containment`, `routes` and `whip`. What browsers are shown: `page_observers`, `state`, `person_state`,
`live_rates`, `picture_cache`, `event_stream`. What they hear: `broadcast`, `mixer`, `replay_audio`. What they send:
`browser_camera`, `browser_microphone`. WebRTC: `browser_link`, `sdp_offer`.
"""
