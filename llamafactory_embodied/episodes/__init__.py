"""What happened: conversations, policies, rollouts and their records."""
