"""What came of what: OpenLineage run events, made from what is kept and sent when nobody waits."""
