"""From a job to a checked sample: prompts, drafting, parsing, quality."""
