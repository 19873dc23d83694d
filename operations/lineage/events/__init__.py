"""Lines of the account, and what is known of them, become run events. Pure."""
