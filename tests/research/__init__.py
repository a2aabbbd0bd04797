"""The study team's page: sign-in, counts, small cells, the funnel."""
