"""Evaluation of an agent in AI2-THOR or the embedded household: success, search efficiency, task completeness."""
