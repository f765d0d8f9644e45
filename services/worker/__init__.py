"""What happens after the answer: the projector loop, jobs, timers."""
