"""The official benchmarks: prompts, the folders their scorers read, and their totals.

benchmark     what every benchmark says of itself
geneval, vbench, opens2v, imgedit, gedit, openve   one file each
generate      samples made in packs, and only once
layout        a strict look at a folder of samples
measures      scores that need no network
questions     what a judge is asked, and what its answers must hold
rubrics       what a judge looks for
vlm_judge     the judge behind an endpoint; its answers are kept
judged        whose verdicts the result files are of
parquet       datasets packed into Parquet files
record        which model made the samples of a folder, and of what
answered      a line of results.jsonl for every sample; intervals of the scores
report        NAME.json and NAME.md, and the report of all
suites        the benchmarks by name
run           all of it: `run`

A score is always read from a file in the official scorer's form, whether that scorer wrote it, a
judge asked from here, or what is computed here.
"""
