"""Safety findings, one module a subject: each sees the record and says what is dangerous."""
