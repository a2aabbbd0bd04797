"""What the rules may say: the shapes that every topic answers in, and nothing else.

These are the members of the contract's assessment, still in our own types and with `Phrase`s for words;
`cards.assessment_json` writes them out as `assessment/1`.
"""
