"""A server that is killed again and again while simulated machines and a person use it, and the
proof that nothing it acknowledged was lost or done twice."""
