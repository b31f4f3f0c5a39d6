"""The JSON answers of the API as strict models, one resource a module; the OpenAPI document is made of them."""
