"""Every command as a person runs it: what it prints, its exit code, and the site file it uses."""
