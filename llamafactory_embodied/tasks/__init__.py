"""What is asked: tasks, their goals, and the two experts that solve them."""
