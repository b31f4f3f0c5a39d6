"""What people who do this job really sent, each with the right value; the inputs lie outside the project."""
