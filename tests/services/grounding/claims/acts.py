"""An Act made up for tests: a small instrument whose sections have what claims get wrong."""

from services.grounding.claims.law import Law, Rule

SECTIONS = {
    "1": (
        "Duty to register",
        "1.1\n\nThe keeper of a lending library must register the library with the Registrar within 28 days of its "
        "opening.\n\n"
        "1.2\n\nThe Registrar may refuse registration if the keeper is under the age of 18.\n\n"
        "1.3\n\nA keeper who fails to comply with subsection (1) is liable to a penalty not exceeding £5,000.",
    ),
    "2": (
        "Loans to readers",
        "2.1\n\nA reader may borrow up to six books for a period of three weeks.\n\n"
        "2.2\n\nThe keeper may not charge a reader for a loan, unless the book is returned late.\n\n"
        "2.3\n\nA rare book may be lent only if—\n\n2.3.a\n\nthe owner of the book consents in writing, and\n\n"
        "2.3.b\n\nthe reader gives security.",
    ),
    "3": (
        "Inspection",
        "3.1\n\nAn inspector may enter a lending library at any reasonable time without the consent of the keeper.\n\n"
        "3.2\n\nThe inspector must give the keeper a written report on the inspection.\n\n"
        "3.3\n\nThe report is to be approved by the Registrar on the recommendation of the Library Council.",
    ),
    "4": (
        "Closure orders",
        "4.1\n\nThe court may make a closure order if two or more of the following conditions are met—\n\n"
        "4.1.a\n\nthe roof of the building is unsafe;\n\n4.1.b\n\nthe building has no fire exit;\n\n"
        "4.1.c\n\nvermin was found in the building.\n\n"
        "4.2\n\nA closure order lapses after a quarter of a year.\n\n"
        "4.3\n\nIdentification of readers by fingerprints, or by photographs, is prohibited.\n\n"
        "4.4\n\nThis section does not apply to a travelling library.",
    ),
    "5": (
        "Annual return",
        "The keeper must send an annual return of all loans to the Registrar by 31 March; the return may be sent "
        "jointly "
        "with that of another library. At least 60 per cent of the loans in it must be of books by living authors.",
    ),
    "6": (
        "Damage to books",
        "A reader who damages a book shall pay the landlord of the library no compensation, but shall "
        "replace the book at "
        "the reader’s own expense. The tenant of the building is not liable for the acts of readers.",
    ),
}


def lending_libraries_act() -> Law:
    """Return the Act; keys are the numbers of its sections."""
    rules = [Rule(number, text, heading, f"s. {number}") for number, (heading, text) in SECTIONS.items()]
    return Law(rules, "Lending Libraries Act 2031")
