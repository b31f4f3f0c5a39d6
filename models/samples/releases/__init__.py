"""Releases: frozen parts of the data set, their manifests in the database, their files beside the samples."""
