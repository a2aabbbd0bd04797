"""What dose is taken, which level may be used, and what to do with each study drug."""
