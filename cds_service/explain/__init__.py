"""The page that explains: a SMART app in which a clinician sees what a card rests on, over time.

EHR launch and standalone launch of SMART App Launch 2; the chart is fetched with the person's own token and
assessed as at the bedside. Nothing of the patient stands in a URL, a log or, readable, in the database.
"""
