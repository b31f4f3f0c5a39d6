"""What every endpoint goes through: access, declarations, errors, the document."""
