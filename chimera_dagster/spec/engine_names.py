"""The engines' names, apart from the engines: the command line has them before anything heavy is imported."""

from typing import Literal

EngineName = Literal["embedded", "ollama", "openai"]
EngineChoice = Literal["auto", EngineName]
Api = Literal["generate", "chat"]
