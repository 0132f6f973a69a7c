"""The rules of the product; each service owns its transactions and knows nothing of HTTP."""
