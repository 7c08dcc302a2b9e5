"""OpenAI's own client against a running server."""

import base64

import openai
import pytest

from tests.serve.conftest import png
from vino.media import read_clip, read_picture, read_recipe


def saved(data, tmp_path, name="a.png"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_pictures_come_in_base64(running, tmp_path):
    made = running.openai().images.generate(
        model="tiny", prompt="a dog", n=2, size="40x24", quality="high", extra_body={"seed": 7}
    )
    first, second = (saved(base64.b64decode(d.b64_json), tmp_path) for d in made.data[:1] * 2)
    picture = read_picture(first)
    assert (picture.size.width, picture.size.height, picture.pixels.max()) == (40, 24, 7)
    assert [d.seed for d in made.data] == [7, 8] and made.size == "40x24"
    assert made.notes == ["quality is ignored"]
    assert read_recipe(second)["prompt"] == [{"kind": "text", "text": "a dog"}]


def test_a_picture_behind_an_address(running):
    client = running.openai()
    made = client.images.generate(prompt="a dog", response_format="url", output_format="webp")
    got = running.http.get(made.data[0].url)
    assert got.headers["content-type"] == "image/webp" and got.content[8:12] == b"WEBP"


def test_several_pictures_are_edited(running):
    made = running.openai().images.edit(
        model="tiny", prompt="put Image 1 on Image 2", image=[png(), png(48, 32)]
    )
    job = running.http.get(f"/v1/jobs/{made.id}").json()
    assert job["state"] == "done"
    stored = running.server.jobs.get(made.id, "local").request["parts"]
    assert [(p["kind"], p["base"]) for p in stored] == [
        ("image", False), ("image", True), ("text", False)
    ]  # fmt: skip


def test_a_video_from_its_beginning_to_its_end(running, tmp_path):
    client = running.openai()
    video = client.videos.create(prompt="it slides", seconds="1", size="32x48", model="tiny")
    assert video.status in ("queued", "in_progress") and video.size == "32x48"
    video = client.videos.poll(video.id, poll_interval_ms=50)
    assert (video.status, video.progress, video.seconds) == ("completed", 100, "1")
    content = client.videos.download_content(video.id).read()
    assert read_clip(saved(content, tmp_path, "a.mp4")).size.frames == 8
    assert video.id in [v.id for v in client.videos.list(limit=1, order="desc")]
    assert client.videos.delete(video.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(video.id)
    assert not running.server.files.folder(video.id).exists()


@pytest.mark.parametrize("moves", [False, True])
def test_a_video_takes_a_reference(running, clip, moves):
    file = ("a.mp4", clip, "video/mp4") if moves else ("a.png", png(), "image/png")
    client = running.openai()
    video = client.videos.create(prompt="it slides", input_reference=file)
    assert client.videos.poll(video.id, poll_interval_ms=50).status == "completed"


def test_models(running):
    assert [m.id for m in running.openai().models.list()] == ["tiny"]
    assert running.openai().models.retrieve("tiny").owned_by == "vino"
    with pytest.raises(openai.NotFoundError):
        running.openai().models.retrieve("gpt-image-1")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"size": "9999x9999"}, "more than this model makes"),
        ({"size": "12"}, "size"),
        ({"model": "dall-e-3"}, 'the model here is "tiny"'),
        ({"n": 11}, "n must be"),
        ({"prompt": " "}, "empty"),
        ({"stream": True}, "stream"),
        ({"extra_body": {"sampler": "x"}}, "sampler"),
        ({"extra_body": {"steps": 101}}, "steps"),
        ({"prompt": "Image 3 in the rain"}, "Image 3"),
    ],
)
def test_mistakes_are_told_in_openais_form(running, fields, says):
    with pytest.raises(openai.APIStatusError) as caught:
        running.openai().images.generate(**({"prompt": "a dog"} | fields))
    assert caught.value.status_code in (400, 404)
    assert says in caught.value.body["message"]
    assert caught.value.body["type"] == "invalid_request_error"
