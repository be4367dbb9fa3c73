"""What a room of so many costs each of them: whole nodes in processes of their own, on loopback."""
