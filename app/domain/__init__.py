"""What Rotocel knows about clips, projects and masks: no Qt, no threads, no models."""
