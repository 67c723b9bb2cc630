"""What operators rely on: health and metrics, the files in deploy, backup and restore."""
