"""The image as a site runs it: built from dist/, started read-only beside PostgreSQL, killed and started again."""
