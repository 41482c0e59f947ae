"""Who is on trial: one interface file a role, adapters beside it."""
