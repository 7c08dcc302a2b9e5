"""Scores that can be repeated: what a model makes, read by a judge that is itself measured.

world/         the emoji world: its judge, its suites, and what edits leave alone
official/      the official benchmarks
study/         people compare two runs, blind
candidate      what is asked: it answers, rewrites, and has an autoencoder
asking         a model as a candidate
files          text files, written whole or not at all
answers        answers made in packs and kept on disk
results        results.jsonl: every answer and its verdict
statistics     means with intervals, tests of differences
published      what the paper reports
goals          what a model of the world should reach, and whether one does
tables, page   scores as tables, and as a page to look at
report         results.json, results.jsonl, judge.json, report.md, report.html
run            all of it: `evaluate`
runs           what an evaluation wrote, read back
compare        paired differences of two runs
"""
