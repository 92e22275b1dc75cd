"""Words without their endings, so that a phrase of the lexicon covers its plural and the forms of its verb."""

from functools import lru_cache

_IRREGULAR = {
    "was": "be", "were": "be", "is": "be", "are": "be", "been": "be", "being": "be", "am": "be", "'s": "'s",
    "has": "have", "had": "have", "having": "have", "does": "do", "did": "do", "done": "do", "doing": "do",
    "took": "take", "taken": "take", "taking": "take", "gave": "give", "given": "give", "gives": "give",
    "got": "get", "gotten": "get", "went": "go", "going": "go", "using": "use", "gone": "go", "goes": "go", "came": "come", "comes": "come",
    "ran": "run", "saw": "see", "seen": "see", "knew": "know", "known": "know", "showed": "show", "shown": "show",
    "grew": "grow", "grown": "grow", "rose": "rise", "risen": "rise", "fell": "fall", "fallen": "fall",
    "led": "lead", "lost": "lose", "won": "win", "beat": "beat", "beaten": "beat", "held": "hold", "kept": "keep",
    "left": "leave", "lay": "lie", "lies": "lie", "lying": "lie", "made": "make", "making": "make", "said": "say",
    "told": "tell", "found": "find", "chose": "choose", "chosen": "choose", "choosing": "choose", "began": "begin",
    "begun": "begin", "spent": "spend", "stood": "stand", "brought": "bring", "meant": "mean_", "means": "means",
    "wrote": "write", "written": "write", "writing": "write", "understood": "understand", "hidden": "hide",
    "hid": "hide", "spread": "spread", "drew": "draw", "drawn": "draw", "built": "build", "sat": "sit",
    "dropped": "drop", "dies": "die", "died": "die", "can't": "cannot", "cant": "cannot", "won't": "willnot",
    "n't": "not", "don't": "donot", "doesn't": "donot", "didn't": "donot", "isn't": "isnot", "aren't": "isnot",
    "wasn't": "isnot", "weren't": "isnot", "haven't": "havenot", "hasn't": "havenot", "hadn't": "havenot",
    "couldn't": "couldnot", "wouldn't": "wouldnot", "shouldn't": "shouldnot", "needn't": "neednot",
    "less": "less", "this": "this", "its": "its", "his": "his", "as": "as", "us": "us", "yes": "yes", "thus": "thus",
    "always": "always", "perhaps": "perhaps", "during": "during", "nothing": "nothing", "something": "something",
    "anything": "anything", "everything": "everything", "thing": "thing", "bring": "bring", "string": "string",
    "need": "need", "speed": "speed", "indeed": "indeed", "exceed": "exceed", "red": "red", "based": "base",
    "red.": "red", "hundred": "hundred", "across": "across", "unless": "unless", "regardless": "regardless",
    "process": "process", "access": "access", "loss": "loss", "according": "according", "sibling": "sibling",
    "wins": "win", "winning": "win", "best": "best", "hence": "hence", "once": "once", "used": "use", "ms": "ms",
    "varies": "vary", "varied": "vary", "series": "series", "analysis": "analysis", "basis": "basis",
    "tying": "tie", "tied": "tie", "ties": "tie", "latency": "latency", "latencies": "latency", "various": "various",
}  # fmt: skip
_SHORTEST = 3


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """`measur` of measure, measures, measured and measuring; one form of an irregular verb."""
    word = word.lower()
    if word in _IRREGULAR:
        return _plain(_IRREGULAR[word])
    if word.endswith("'s") and word != "'s":
        return stem(word[:-2])
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
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > _SHORTEST:
        return stem(word[:-1])
    return _plain(word)


def _plain(base: str) -> str:
    doubled = len(base) > _SHORTEST and base[-1] == base[-2] and base[-1] in "bdgmnprt"
    if doubled:
        return base[:-1]
    return base[:-1] if base.endswith("e") and len(base) > _SHORTEST else base
