"""PostgreSQL with pgvector: migrations, one module a table family, the embedded server."""
