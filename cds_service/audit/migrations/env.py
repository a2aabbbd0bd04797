"""Alembic runs this; the connection, and its transaction, are those of `store.migrate`."""

from alembic import context

from cds_service.audit.audit_tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
