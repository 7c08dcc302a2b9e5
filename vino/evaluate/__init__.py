"""Scores that can be repeated: what a model makes, read by a judge that is itself measured.

library, backdrop, finding, matching   the parts of the judge
judge          what a picture shows
motion         what a clip shows
preservation   what an edit left alone
trials         the questions of every suite, on held-out scenes
verdicts       what was asked against what is seen
candidate      the model that answers, and its autoencoder
answers        answers made in packs and kept on disk
damage         the judge's own accuracy on truth that was blurred, coded or made noisy
statistics     means with intervals
report         results.json, results.jsonl, report.md and contact sheets
run            all of it: `evaluate`
"""
