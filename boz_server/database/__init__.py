"""The database: one pooled Peewee object, its models and its versioned schema."""
