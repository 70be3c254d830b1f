"""What is timed and counted at real size; see README.md. Nothing here is installed with the package."""
