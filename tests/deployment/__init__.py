"""What `deploy/` hands to a site's operations and security teams holds: units, compose file, chart, rules, dashboard."""
