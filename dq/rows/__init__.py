"""Which rows: findings of each row, good rows apart from bad ones, verdicts on tables in memory."""
