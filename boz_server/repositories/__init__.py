"""Every query of the server; none commits, the services own the transactions."""
