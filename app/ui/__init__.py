"""The window: widgets that paint, take input, call the session and listen to it."""
