"""Result files of the official scorers, read back into published totals."""

import csv
import json
import math
from pathlib import Path

import pytest

from vino.errors import InputError
from vino.evaluate.official.imgedit import ImgEdit
from vino.evaluate.official.opens2v import METRICS, OpenS2V
from vino.evaluate.official.openve import OpenVE
from vino.evaluate.official.report import Outcome, write_report
from vino.evaluate.official.suites import BENCHMARKS
from vino.evaluate.official.vbench import DIMENSIONS


def scores(name, path, data=None):
    benchmark = BENCHMARKS[name]
    folder = benchmark.folder(Path("out"), "random")
    return benchmark.read_results(path, benchmark.cases(data, folder, None))


def vbench_details(dimension):
    """Of all clips that the official scorer reads."""
    cases = BENCHMARKS["vbench"].cases(None, Path("vbench"), None)
    names = [name for case in cases if dimension in case.kinds for name in case.files]
    return [{"video_path": f"./vbench/{name}", "video_results": 0.5} for name in names]


def write_csv(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_geneval_of_the_published_if_xl(tmp_path):
    """Its row in GenEval's table of results: 0.61 overall."""
    row = {"single_object": 97, "two_object": 74, "counting": 66, "colors": 81, "position": 13,
           "color_attr": 35}  # fmt: skip
    lines = [
        {"filename": f"{i}.png", "tag": tag, "prompt": f"{tag} {i}", "correct": i < hits,
         "reason": "", "metadata": "{}", "details": "{}"}
        for tag, hits in row.items() for i in range(100)
    ]  # fmt: skip
    path = tmp_path / "results.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    found = scores("geneval", path)
    assert found.values["overall"] == pytest.approx(0.61)
    assert found.values["counting"] == 0.66 and not found.is_whole


def test_geneval_overall_is_the_mean_of_tags_not_of_pictures(tmp_path):
    lines = [{"tag": "position", "prompt": "a", "correct": False}] * 9
    lines += [{"tag": "colors", "prompt": "b", "correct": True}]
    (tmp_path / "r.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert scores("geneval", tmp_path / "r.jsonl").values["overall"] == 0.5


def test_vbench_of_the_published_model(tmp_path):
    """Its dimensions come to 84.00 quality, 78.01 semantic and 82.80 in total.

    They are published in percent with two decimals: 83.990, 78.012 and 82.795 come out of them as
    printed, and what is published lies between what comes of them rounded up and rounded down.
    """
    published = BENCHMARKS["vbench"].published
    path = tmp_path / "whole.json"
    details = {name: vbench_details(name) for name in DIMENSIONS}

    def from_printed(shift):
        results = {n: [(published[n] + shift) / 100, details[n]] for n in DIMENSIONS}
        path.write_text(json.dumps(results))
        return scores("vbench", path)

    low, high, found = (from_printed(shift) for shift in (-0.005, 0.005, 0))
    for title, value in (("quality", 83.990), ("semantic", 78.012), ("total", 82.795)):
        assert found.values[title] == pytest.approx(value, abs=0.0006)
        assert low.values[title] - 0.005 <= published[title] <= high.values[title] + 0.005
        assert high.values[title] - low.values[title] < 0.04
    assert found.is_whole
    results = json.loads(path.read_text())

    apart = tmp_path / "apart"
    apart.mkdir()
    for name, value in results.items():
        file = apart / f"{name}_eval_results.json"
        file.write_text(json.dumps({name.replace("_", " "): value}))
    assert scores("vbench", apart).values == pytest.approx(found.values)
    (apart / "scene_eval_results.json").unlink()
    part = scores("vbench", apart)
    assert "quality" in part.values and not {"total", "semantic"} & part.values.keys()
    assert not part.is_whole


def test_vbench_is_whole_when_its_details_are_of_all_clips(tmp_path):
    results = {name: [0.9 if name != "scene" else 0.5, vbench_details(name)] for name in DIMENSIONS}
    path = tmp_path / "r.json"

    def is_whole(changed):
        path.write_text(json.dumps(results | changed))
        return scores("vbench", path).is_whole

    still = [one for one in vbench_details("temporal_flickering") if "-7.mp4" in one["video_path"]]
    assert is_whole({}) and is_whole({"temporal_flickering": [0.9, still]})
    assert not is_whole({"temporal_flickering": [0.9, still[:-1]]})
    assert not is_whole({"color": [0.9, vbench_details("color")[1:]]})
    assert not any(is_whole({"color": said}) for said in (0.9, [0.9], [0.9, []], [0.9, 3]))


def test_geneval_is_whole_when_every_picture_has_its_line(tmp_path):
    cases = BENCHMARKS["geneval"].cases(None, tmp_path, None)
    lines = [
        {"filename": f"/x/geneval/{file}", "tag": case.kinds[0], "prompt": case.text,
         "correct": True}
        for case in cases for file in case.files
    ]  # fmt: skip
    path = tmp_path / "results.jsonl"
    for kept, whole in ((lines, True), (lines[1:], False), ([*lines[1:], lines[1]], False)):
        path.write_text("\n".join(map(json.dumps, kept)))
        assert scores("geneval", path).is_whole == whole


def test_opens2v_is_whole_when_whatever_scores_every_clip_did(tmp_path, monkeypatch):
    monkeypatch.setattr(OpenS2V, "count", 2)
    prompts = {name: {"img_paths": ["a.png"], "prompt": "go"} for name in ("a_1", "b_1")}
    data, folder = tmp_path / "Open-Domain_Eval.json", tmp_path / "results"
    data.write_text(json.dumps(prompts))
    folder.mkdir()
    files = {metric.file: {name: {metric.field: 0.5} for name in prompts} for metric in METRICS}
    del files["naturalscore"], files["facesim"]["b_1"], files["nexusscore"]["b_1"]
    files["naturalscore_1"] = dict.fromkeys(prompts, "4")
    for name, records in files.items():
        (folder / f"{name}.json").write_text(json.dumps(records))
    assert scores("opens2v", folder, data).is_whole
    for name in ("gmescore", "motion_smoothness", "naturalscore_1"):
        (folder / f"{name}.json").write_text(json.dumps({"a_1": files[name]["a_1"]}))
        assert not scores("opens2v", folder, data).is_whole
        (folder / f"{name}.json").write_text(json.dumps(files[name]))


@pytest.mark.parametrize(
    ("total", "parts"),
    [
        (57.55, (47.21, 94.97, 15.02, 55.09, 67.27, 44.08, 67.04)),  # VACE-14B
        (56.77, (46.39, 96.31, 33.42, 51.46, 70.65, 37.43, 69.35)),  # Phantom-14B
        (56.23, (44.59, 86.93, 41.60, 40.10, 66.20, 45.89, 74.59)),  # Kling 1.6
    ],
)
def test_opens2v_of_the_published_leaderboard(tmp_path, total, parts):
    titles = ("aes_score", "motion_smoothness", "motion_amplitude", "facesim_cur", "gme_score",
              "nexus_score", "natural_score")  # fmt: skip
    merged = {title: value / 100 for title, value in zip(titles, parts, strict=True)}
    path = tmp_path / "model_Open-Domain.json"
    path.write_text(json.dumps({"total_score": 0, **merged}))
    assert scores("opens2v", path).values["total"] == pytest.approx(total, abs=0.006)


def test_opens2v_from_the_files_of_its_scorers(tmp_path):
    """Values are clipped and normalised, naturalness averaged, a nexus score of 0 left out."""
    files = {
        "aesthetic_score": {"a_1": {"aes_score": 5.5}, "b_1": {"aes_score": 9}},
        "motion_smoothness": {"a_1": {"motion_smoothness": 0.9}},
        "motion_amplitude": {"a_1": {"motion_fb": -0.3}, "b_1": {"motion_fb": 1.7}},
        "facesim": {"a_1": {"cur_score": 0.5}, "b_1": {"cur_score": -0.1}},
        "gmescore": {"a_1": {"gme_score": 0.7}},
        "nexusscore": {"a_1": {"nexus_score": 0.02}, "b_1": {"nexus_score": 0}},
        "naturalscore_1": {"a_1": "4", "b_1": "2"},
        "naturalscore_2": {"a_1": "5"},
    }
    for name, records in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(records))
    found = scores("opens2v", tmp_path)
    expected = {
        "aes_score": 75, "motion_smoothness": 90, "motion_amplitude": 65, "facesim_cur": 20,
        "gme_score": 70, "nexus_score": 40, "natural_score": 100 * (3.25 - 1) / 4,
    }  # fmt: skip
    total = 0.16 * 75 + 0.06 * 90 + 0.02 * 65 + 0.2 * 20 + 0.12 * 70 + 0.2 * 40 + 0.24 * 56.25
    assert found.values == pytest.approx({"total": total, **expected})
    assert not found.is_whole


def test_opens2v_human_domain_weighs_otherwise(tmp_path):
    """VACE-14B's row of the human domain: 65.78."""
    prompts = {"singleface_1": {"img_paths": ["a.png"], "prompt": "a face"}}
    (tmp_path / "Human-Domain_Eval.json").write_text(json.dumps(prompts))
    merged = {"aes_score": 0.5278, "motion_smoothness": 0.9496, "motion_amplitude": 0.1176,
              "facesim_cur": 0.6465, "gme_score": 0.6953, "natural_score": 0.6931}  # fmt: skip
    (tmp_path / "merged.json").write_text(json.dumps(merged))
    found = scores("opens2v", tmp_path / "merged.json", tmp_path / "Human-Domain_Eval.json")
    assert found.values["total"] == pytest.approx(65.78, abs=0.006) and not found.is_whole


def test_imgedit_of_the_documented_answers(tmp_path, monkeypatch):
    """The three answers in the official readme: 1 and 3 of one type, 3.67 of another."""
    kinds = {"1082": "adjust", "1068": "adjust", "673": "style", "9": "style"}
    edits = {k: {"id": "a.png", "prompt": "go", "edit_type": kind} for k, kind in kinds.items()}
    (tmp_path / "basic_edit.json").write_text(json.dumps(edits))
    answers = {
        "1082": "Brief reasoning: none.\nPrompt Compliance: 1\nVisual: 1\nPhysical & Detail: 1",
        "1068": "Brief reasoning: no.\nPrompt Compliance: 1\nVisual: 4\nPhysical & Detail: 4",
        "673": "Brief reasoning: no.\nStyle Fidelity: 1\nContent: 5\nRendering Quality: 5",
        "9": {"error": "timed out"},
    }
    (tmp_path / "result.json").write_text(json.dumps(answers))
    found = scores("imgedit", tmp_path / "result.json", tmp_path)
    assert found.values == pytest.approx({"overall": 2.835, "adjust": 2.0, "style": 3.67})
    assert found.unusable == ("9",) and not found.is_whole
    monkeypatch.setattr(ImgEdit, "count", 4)
    assert scores("imgedit", tmp_path / "result.json", tmp_path).is_whole
    del answers["9"]
    (tmp_path / "result.json").write_text(json.dumps(answers))
    assert not scores("imgedit", tmp_path / "result.json", tmp_path).is_whole


def test_gedit_means_over_samples_then_over_groups(tmp_path):
    rows = [("color_alter", "en", 8, 2), ("color_alter", "en", 4, 4), ("text_change", "en", 0, 10),
            ("ps_human", "en", 9, 9), ("ps_human", "cn", 1, 1)]  # fmt: skip
    for group in {row[0] for row in rows}:
        written = [
            {"source_image": "", "edited_image": f"/x/m/fullset/{g}/{lang}/{i}.png",
             "instruction": "go", "sementics_score": sc, "quality_score": pq,
             "intersection_exist": True, "instruction_language": lang}
            for i, (g, lang, sc, pq) in enumerate(rows) if g == group
        ]  # fmt: skip
        write_csv(tmp_path / f"m_{group}_gpt_score.csv", written)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "metadata.jsonl").write_text(
        json.dumps({"key": "9", "task_type": "ps_human", "instruction": "go",
                    "instruction_language": "en"})
    )  # fmt: skip
    found = scores("gedit", tmp_path, tmp_path / "data")
    assert found.values["en SC"] == pytest.approx((6 + 0 + 9) / 3)
    assert found.values["en PQ"] == pytest.approx((3 + 10 + 9) / 3)
    assert found.values["en O"] == pytest.approx((4 + 0 + 9) / 3)
    assert found.values["en O without text"] == pytest.approx((4 + 9) / 2)
    assert found.values["en O color_alter"] == pytest.approx((math.sqrt(16) + 4) / 2)
    assert found.values["cn O"] == 1 and not found.is_whole


def test_openve_overall_is_the_mean_of_samples_not_of_types(tmp_path, monkeypatch):
    grades = [("local_add", "5, 5, 5"), ("local_add", "4, 3, 2"), ("local_add", "3, 3, 3"),
              ("camera_edit", "1, 1, 1"), ("camera_edit", "")]  # fmt: skip
    rows = [
        {"edited_type": kind, "prompt": "go", "original_video": f"videos/{i}.mp4",
         "edited_result_path": f"{i}_edited.mp4", "average": "",
         "results": "\\n".join(f"Criterion {n}: {g}" for n, g in enumerate(said.split(", ")))
         if said else "ERROR: Video file not found: 12"}
        for i, (kind, said) in enumerate(grades)
    ]  # fmt: skip
    write_csv(tmp_path / "benchmark_videos.csv", rows)
    path = write_csv(tmp_path / "score.csv", rows)
    found = scores("openve", path, tmp_path)
    assert found.values == {"overall": 3.0, "camera_edit": 1.0, "local_add": 3.67}
    assert found.unusable == ("4",) and not found.is_whole
    monkeypatch.setattr(OpenVE, "count", 5)
    assert scores("openve", path, tmp_path).is_whole


def test_published_scores_stand_beside_what_compares_with_them(tmp_path):
    benchmark = BENCHMARKS["vbench"]
    results = {n: [benchmark.published[n] / 100, vbench_details(n)] for n in DIMENSIONS}
    for name, kept, beside in (("whole", 16, True), ("part", 15, False)):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(dict(list(results.items())[:kept])))
        outcome = Outcome(benchmark, None, None, scores("vbench", path))
        text = write_report(tmp_path, outcome).read_text()
        assert ("| quality | 83.99 | 84.0 |" in text) == beside
        assert ("do not compare" in text) != beside


BAD = {
    "geneval": ["", "no json", "[]", "5", '{"tag": "hats", "prompt": "a", "correct": true}',
                '{"tag": "colors", "prompt": "a", "correct": 1}', '{"tag": "colors"}'],
    "vbench": ["", "[]", "{}", '{"beauty": [0.5]}', '{"scene": [46.74]}', '{"scene": ["x"]}',
               '{"scene": []}', '{"scene": [true]}'],
    "opens2v": ["", "[]", "{}", '{"aes_score": "high"}', '{"aes_score": null}',
                '{"aes_score": NaN}'],
    "imgedit": ["", "[]", "{}", '{"nine": "A: 1"}', '{"0": "no grades"}'],
    "gedit": ["", "a,b\n1,2\n",
              "edited_image,instruction_language,sementics_score,quality_score\na/b.png,en,1,1\n",
              "edited_image,instruction_language,sementics_score,quality_score\n"
              "m/fullset/ps_human/en/b.png,en,11,1\n"],
    "openve": ["", "a,b\n1,2\n", "original_video,prompt,edited_type\n",
               "original_video,prompt,edited_type,results\na.mp4,go,local_add,none\n"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, t) for name, ts in BAD.items() for t in ts])
def test_files_that_are_no_results_are_refused(name, text, data, tmp_path):
    path = tmp_path / "results.txt"
    path.write_text(text)
    with pytest.raises(InputError) as refusal:
        scores(name, path, data[name])
    assert str(path) in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", BAD)
def test_a_missing_result_file_is_named(name, data, tmp_path):
    with pytest.raises(InputError, match="nowhere is missing"):
        scores(name, tmp_path / "nowhere", data[name])
