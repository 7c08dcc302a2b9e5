"""vino evaluate, on the emoji world."""

import json


def test_ends_with_the_goals(vino):
    said = vino("evaluate", "world-speed", "world-autoencoder", "--quick", "--out", "scores")
    assert said.code == 0
    *table, gap, report = said.out.splitlines()
    assert report == "scores/report.md" and gap == ""
    assert [line.split()[0] for line in table] == [
        "suite", "world-speed", "world-speed", "world-autoencoder",
    ]  # fmt: skip
    assert all(line.endswith((" yes", " no")) for line in table[1:])
    assert "world-autoencoder: 0 of 1" in said.err


def test_json_is_all_scores(vino):
    said = vino("evaluate", "world-speed", "--quick", "--out", "scores", "--json")
    assert set(json.loads(said.out)["world-speed"]) == {"picture at 128 px s", "clip at 128 px s"}
