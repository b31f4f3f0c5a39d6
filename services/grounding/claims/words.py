"""The words of a claim and of a provision, in the form in which they are compared.

Two words are compared by their *root*: the Snowball stem without the endings that turn a verb into a noun, so that
"notify" meets "notification". Words of one group of `synonyms.py` have its name for a root.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from threading import local

from services.grounding.claims.synonyms import GROUPS

_WORD = re.compile(r"[A-Za-zÀ-ɏ]+(?:['’][A-Za-z]+)?|\d+(?:[.,]\d+)*")
# Endings that make another kind of word of a stem, longest first; what is left has at least this many letters.
_ENDINGS = (
    "ification", "ization", "isation", "ation", "ement", "ment", "ance", "ence", "ural", "sion", "tion",
    "ifi", "ity", "iti", "ive", "ion", "ual", "ial", "ure", "ing", "ant", "ent", "ory", "er", "or", "al", "at", "iz",
    "is", "if", "ur", "e", "i", "y",
)  # fmt: skip
_LEFT = 4
# The shortest word whose "ee" makes it the other side of a relation.
_ROLE = 5
_stemmers = local()

# Words that say nothing of their own: grammar, and verbs by which an answer introduces what the law says.
STOP = frozenset(
    "a an the this that these those such said same of to in on at by for from with into onto upon under "
    "over as and or "
    "but if is are was were be been being it its he she they them their his her him we our you your i who whom whose "
    "which what when where there here then than so also too do does did done has have had having will would shall "
    "should may might can could must not no nor any all each every some other others own one ones etc via per within "
    "between among whether how because while whereas whereby thereof therein thereto hereof herein thereby about "
    "against during through out up down off only just even very more most less least much many few both either "
    "neither until unless without except before after again further once always ever never up yet still already "
    "let lets letting make makes made making get gets got give gives given giving put puts take takes taken say says "
    "said state states stating provide provides provided providing read reads reading lay lays laid set "
    "sets mean means according accordance "
    "pursuant respect regard relation relating concerning including include includes included apply applies applied "
    "applying case cases rule rules law legal provision provisions article articles section sections subsection "
    "paragraph paragraphs point points clause act acts chapter part title schedule present above below following "
    "otherwise save demand demands demanded require requires required requiring oblige obliges obliged "
    "obligation duty duties allow "
    "allows allowed permit "
    "permits permitted entitle entitles entitled prohibit prohibits prohibited forbid forbids forbidden ban bans "
    "banned bar bars barred need needs needed want wants leave leaves left keep keeps kept way ways thing things s "
    "anyone anybody someone somebody nobody none whoever whichever person persons people come cannot comes go goes "
    "going".split()
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a number of a text, and where it stands.

    Attributes:
        word: In small letters.
        root: What it is compared by; "" for a word that says nothing of its own.
    """

    word: str
    root: str
    start: int
    end: int

    @property
    def is_number(self) -> bool:
        """It is a number, in digits or in letters."""
        return self.word[0].isdigit() or self.word in _COUNTED


def tokens(text: str) -> list[Token]:
    """Return the words and numbers of *text* in order."""
    found = []
    for match in _WORD.finditer(text):
        word = match[0].replace("’", "'").lower().removesuffix("'s")
        found.append(Token(word, root(word), match.start(), match.end()))
    return found


def has_words(text: str) -> bool:
    """Tell whether there is a word or a number in *text*."""
    return _WORD.search(text) is not None


def roots(text: str) -> set[str]:
    """Return the roots of what *text* says."""
    said = {root(word.replace("’", "'").lower().removesuffix("'s")) for word in _WORD.findall(text)}
    said.discard("")
    return said


def content(found: Iterable[Token]) -> list[Token]:
    """Return those of *found* that say something of their own and are no numbers."""
    return [token for token in found if token.root and not token.is_number]


# Forms that no stemmer reads: the past of strong verbs, the plural of some nouns.
_IRREGULAR = dict(
    pair.split(":")
    for pair in (
        "began:begin begun:begin took:take taken:take paid:pay sold:sell bought:buy held:hold kept:keep told:tell "
        "sued:sue suing:sue gave:give given:give made:make brought:bring sought:seek found:find "
        "built:build sent:send "
        "spent:spend lent:lend lost:lose met:meet led:lead left:leave chose:choose chosen:choose broke:break "
        "broken:break spoke:speak spoken:speak wrote:write written:write drew:draw drawn:draw knew:know known:know "
        "grew:grow grown:grow saw:see seen:see stole:steal stolen:steal bound:bind sworn:swear swore:swear bore:bear "
        "borne:bear wore:wear fell:fall fallen:fall arose:arise arisen:arise dealt:deal fought:fight taught:teach "
        "thought:think caught:catch understood:understand withdrew:withdraw withdrawn:withdraw forbade:forbid "
        "stood:stand struck:strike shown:show hid:hide hidden:hide won:win heard:hear bred:breed fed:feed sat:sit "
        "lying:lie dying:die died:die children:child women:woman men:man bases:basis criteria:criterion "
        "indices:index "
        "appendices:appendix people:person lives:life wives:wife halves:half thieves:thief carried:carry ran:run "
        "choice:choose choices:choose practise:practice practises:practice practised:practice "
        "licence:license licences:license defence:defense "
        "offence:offense offences:offense loss:lose losses:lose sale:sell sales:sell proof:prove "
        "belief:believe growth:grow death:die "
        "speech:speak thought:think flight:fly gift:give complaint:complain complaints:complain "
        "advice:advise applied:apply tried:try denied:deny rode:ride drove:drive driven:drive flew:fly "
        "flown:fly shot:shoot"
    ).split()
)


@lru_cache(20_000)
def root(word: str) -> str:
    """Return what *word* (in small letters) is compared by."""
    if word in STOP:
        return ""
    if word[0].isdigit():
        return word
    plain = _IRREGULAR.get(word, word)
    if plain in STOP:
        return ""
    bare = _bare(plain)
    return _BY_WORD.get(word) or _BY_WORD.get(plain) or _BY_ROOT.get(bare) or bare


def _bare(word: str) -> str:
    if word.startswith("authori"):
        return f"authori{word[7:8].replace('z', 's')}"  # neither "authority" nor "authorise" is of an author
    if word.endswith(("ee", "ees")) and len(word) > _ROLE:
        return word.removesuffix("s")  # the lessee is not the lessor
    bare = stem(word)
    for ending in _ENDINGS:
        if bare.endswith(ending) and len(bare) - len(ending) >= _LEFT:
            return bare.removesuffix(ending)
    return bare


def stem(word: str) -> str:
    """Return the Snowball stem of *word* (in small letters)."""
    if not hasattr(_stemmers, "english"):
        from Stemmer import Stemmer

        _stemmers.english = Stemmer("english", 0)  # one for each thread: it keeps state while it works
    return str(_stemmers.english.stemWord(word))


def _groups() -> tuple[dict[str, str], dict[str, str]]:
    """Return the group of each word that stands in one, and of each stem that stands in no more than one."""
    by_word: dict[str, str] = {}
    by_root: dict[str, set[str]] = {}
    for group in GROUPS:
        name = f"={group.split()[0]}"
        for word in group.split():
            by_word[word] = name
            by_root.setdefault(_bare(_IRREGULAR.get(word, word)), set()).add(name)
    return by_word, {bare: names.pop() for bare, names in by_root.items() if len(names) == 1}


_BY_WORD, _BY_ROOT = _groups()
_COUNTED = frozenset(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion half "
    "quarter third tenth twice second fifth".split()
)
