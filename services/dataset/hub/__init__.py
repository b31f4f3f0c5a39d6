"""The Hugging Face Hub: the data set card and the upload."""
