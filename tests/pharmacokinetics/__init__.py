"""The numbers about drug in blood, proved four ways (lesson 24)."""
