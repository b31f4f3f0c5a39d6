"""Models side by side on the user's own data: shares and means with their intervals, and what can be told apart."""
