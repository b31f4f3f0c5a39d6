"""The rules by which a claim is found false: each says one way in which a claim and its provision differ."""
