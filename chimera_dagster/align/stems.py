"""Words without their endings, so that a phrase of the lexicon covers its plural and the forms of its verb."""

from functools import lru_cache

# Forms of a word that no ending gives away
_FORMS = {
    "note_": "note notes noted noting notable notably",
    "be": "was were is are been being am",
    "have": "has had having",
    "do": "does did done doing",
    "take": "took taken taking",
    "give": "gave given gives",
    "get": "got gotten",
    "go": "went going gone goes",
    "use": "using used",
    "come": "came comes",
    "run": "ran",
    "see": "saw seen",
    "know": "knew known",
    "show": "showed shown",
    "grow": "grew grown",
    "rise": "rose risen",
    "fall": "fell fallen",
    "lead": "led",
    "lose": "lost",
    "win": "won wins winning",
    "beat": "beaten",
    "hold": "held",
    "keep": "kept",
    "leave": "left",
    "lie": "lay lies lying",
    "make": "made making",
    "say": "said",
    "tell": "told",
    "find": "found",
    "choose": "chose chosen choosing",
    "begin": "began begun",
    "spend": "spent",
    "stand": "stood",
    "bring": "brought",
    "mean_": "meant",
    "write": "wrote written writing",
    "understand": "understood",
    "hide": "hidden hid",
    "draw": "drew drawn",
    "build": "built",
    "sit": "sat",
    "drop": "dropped",
    "die": "dies died",
    "cannot": "can't cant",
    "willnot": "won't",
    "not": "n't",
    "donot": "don't doesn't didn't",
    "isnot": "isn't aren't wasn't weren't",
    "havenot": "haven't hasn't hadn't",
    "couldnot": "couldn't",
    "wouldnot": "wouldn't",
    "shouldnot": "shouldn't",
    "neednot": "needn't",
    "red": "red.",
    "base": "based",
    "vary": "varies varied",
    "tie": "tying tied ties",
    "latency": "latencies",
}
# Words that keep what looks like an ending
_WHOLE = (
    "'s beat means spread less this its his as us yes thus always perhaps during nothing something anything "
    "everything thing bring string need speed indeed exceed red hundred across unless regardless process access "
    "loss according sibling best hence once ms series analysis basis latency various "
)
_IRREGULAR = {form: base for base, forms in _FORMS.items() for form in forms.split()} | {
    word: word for word in _WHOLE.split()
}
_SHORTEST = 3


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """`measur` of measure, measures, measured and measuring; one form of an irregular verb."""
    word = word.lower()
    if word in _IRREGULAR:
        return _plain(_IRREGULAR[word])
    if word.endswith("'s") and word != "'s":
        return stem(word[:-2])
    without = _without_ending(word)
    return _plain(word) if without is None else without


def _without_ending(word: str) -> str | None:
    """Without `ies`, `ing`, `ed`, `es` or `s`; None if it has none of them."""
    for ending in ("ies", "ied"):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[:-3] + "y"
    for ending in ("ing", "ed"):
        base = word[: -len(ending)]
        if word.endswith(ending) and len(base) >= _SHORTEST and any(letter in "aeiouy" for letter in base):
            return _plain(base)
    if word.endswith("es") and word[-3:-2] in ("s", "x", "z") and len(word) > len("axes"):
        return _plain(word[:-2])
    if word.endswith(("ches", "shes")):
        return word[:-2]
    plural = word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > _SHORTEST
    return stem(word[:-1]) if plural else None


def _plain(base: str) -> str:
    doubled = len(base) > _SHORTEST and base[-1] == base[-2] and base[-1] in "bdgmnprt"
    if doubled:
        return base[:-1]
    return base[:-1] if base.endswith("e") and len(base) > _SHORTEST else base
