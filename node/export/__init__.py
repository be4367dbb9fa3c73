"""Recordings as files for other programs: video, sound, subtitles, a web page, JSON lines."""
