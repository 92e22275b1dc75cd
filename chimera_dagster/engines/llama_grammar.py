"""What llama.cpp, in this process or as a server, is sent so that an answer is one of a few choices."""

import json
from collections.abc import Sequence
from typing import Any


def constrained(choices: Sequence[str]) -> dict[str, Any]:
    """The fields of a request; empty without choices.

    A model that thinks is asked not to: a grammar holds from its first token on.
    """
    if not choices:
        return {}
    # the literals of a GBNF grammar are written as in JSON
    grammar = " | ".join(json.dumps(choice, ensure_ascii=False) for choice in choices)
    return {"grammar": f"root ::= {grammar}", "chat_template_kwargs": {"enable_thinking": False}}
