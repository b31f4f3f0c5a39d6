"""What Alembic runs: the migrations, on the connection that it is given, in the transaction of whoever gave it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table="alembic_version")
context.run_migrations()
