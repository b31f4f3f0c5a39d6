"""What goes on by itself: templates of batches, schedules that run them, webhooks that tell of it."""
