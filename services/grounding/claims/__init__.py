"""What an answer claims of the law, held against the text of the law."""
