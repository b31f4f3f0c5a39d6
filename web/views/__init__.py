"""The pages, a module for each subject: a view asks the facade, calls one template and decides nothing else."""
