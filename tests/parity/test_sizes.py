"""Sizes, frame counts and schedules against the recorded tables, exactly."""

import math

import numpy as np
import pytest

from tests.parity import golden
from vino.errors import InputError
from vino.flow.schedule import schedule
from vino.model.vision import (
    _PUBLISHED_FRAME,
    _PUBLISHED_IMAGE,
    _PUBLISHED_UNIT,
    PixelRange,
    grid_size,
)
from vino.references import fit_picture
from vino.sizes import clip_frames, clip_grid, letterbox, reference_frames, spread_frames

TABLES = golden.case("D_resolution")
QWEN_IMAGE = PixelRange(65_536, 16_777_216)
QWEN_VIDEO = PixelRange(4_096, 25_165_824)


def test_picture_grids_and_letterboxes():
    for row in TABLES["grid_table"]:
        box = letterbox(row["src_w"], row["src_h"], row["max_area"], row["unit"])
        assert (box.width, box.height) == (row["grid_w"], row["grid_h"]), row
        assert box.resized == (row["letterbox_resized_w"], row["letterbox_resized_h"]), row
        assert box.offset == (row["paste_x"], row["paste_y"]), row


def test_clip_grids():
    for row in TABLES["grid_table"]:
        grid = clip_grid(row["src_w"], row["src_h"], row["max_area"], row["unit"])
        assert grid.resized == (row["calc_target_w"], row["calc_target_h"]), row
        assert grid.cropped == (row["video_vae_crop_w"], row["video_vae_crop_h"]), row


def test_letterboxed_pixels():
    stored = golden.tensors("D_resolution")
    for i, row in enumerate(TABLES["letterbox_pixels"]):
        ours = fit_picture(golden.picture(stored[f"letterbox_in_{i}"]), row["max_area"], 16)
        assert np.array_equal(ours.frames.pixels[0], stored[f"letterbox_out_{i}"].numpy()), row


@pytest.mark.parametrize("row", TABLES["video_frame_schedule"], ids=str)
def test_frames_of_reference_clips(row):
    """Stride 1 is ours and the default's; a sampling rate is done before, by resampling."""
    if "error" in row:
        with pytest.raises(InputError):
            sampled(row)
        return
    assert sampled(row) == [row["first"], row["last"], row["n_out"]]


def sampled(row: dict) -> list[int]:
    rate = None if row["sample_fps"] == -1 else row["sample_fps"]
    chosen = reference_frames(row["video_len"], row["fps"], row["num_frames"], rate)
    return [chosen[0], chosen[-1], len(chosen)]


def test_frames_the_vlm_sees():
    for length, indices in TABLES["vlm_video_frame_indices_linspace8"].items():
        assert spread_frames(int(length), 8) == indices


def test_picture_sizes_for_the_vlm():
    for row in TABLES["vlm_image_size_chain"]:
        width, height = row["src_wh"]
        first = grid_size(height, width, _PUBLISHED_UNIT, _PUBLISHED_IMAGE)
        assert list(first[::-1]) == row["after_fetch_image_wh"], row
        second = grid_size(*first, 32, QWEN_IMAGE)
        assert list(second[::-1]) == row["after_hf_processor_wh"], row
        assert second[0] * second[1] // 32**2 == row["num_vlm_tokens"], row


def test_clip_sizes_for_the_vlm():
    for row in TABLES["vlm_video_size_chain_official_limits"]:
        width, height = row["src_wh"]
        first = grid_size(height, width, _PUBLISHED_UNIT, _PUBLISHED_FRAME)
        assert list(first[::-1]) == row["after_fetch_video_wh"], row
        second = grid_size(*first, 32, QWEN_VIDEO, 8)
        assert list(second[::-1]) == row["after_hf_processor_wh"], row
        assert second[0] * second[1] // 32**2 == row["tokens_per_frame_pair"], row


def test_schedules():
    stored = golden.tensors("D_resolution")
    for name, recorded in stored.items():
        if name.startswith("sched_t_"):
            steps, shift = name.removeprefix("sched_t_").split("_")
            times = schedule(int(steps), float(shift))
            assert golden.distance(times[:-1], recorded) < 1e-6, name
            steps_taken = times[:-1] - times[1:]
            assert golden.distance(steps_taken, stored[f"sched_dt_{steps}_{shift}"]) < 1e-6, name
            assert math.isclose(float(times[0]), 1.0)


def test_frames_kept_are_4k_plus_1():
    assert [clip_frames(n, 85) for n in (1, 4, 5, 100)] == [1, 1, 5, 85]
