"""One patient now: gather the chart, assess it, word the cards, remember what was said."""
