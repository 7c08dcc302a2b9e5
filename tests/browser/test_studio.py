"""What a person does in the studio, click by click."""

import time

APPLE = "a red apple and a dog on a plain green background"


def test_a_first_picture_in_five_clicks(studio):
    begun = time.monotonic()
    studio.picture("empty")
    studio.page.click("#prompt textarea")
    studio.page.fill("#prompt textarea", APPLE)
    studio.page.click("#make")
    studio.page.wait_for_selector("#stage .making img")
    studio.picture("making")
    studio.wait_for_other("")
    print(f"\nthe first picture after 2 clicks and {time.monotonic() - begun:.1f} s")
    studio.picture("result")
    natural = studio.page.evaluate(
        "(e => [e.naturalWidth, e.getBoundingClientRect().height])"
        "(document.querySelector('#stage .frame img'))"
    )
    assert natural[0] == 64 and natural[1] > 256  # no stamp
    assert [url for url in studio.asked if not url.startswith((studio.address, "data:"))] == []
    assert studio.faults == []


def test_edit_branch_undo_and_compare(studio):
    studio.make(APPLE)
    first = studio.source()
    studio.page.click("#act-edit")
    studio.page.wait_for_selector("#base .base")
    studio.make("replace the dog with a top hat")
    second = studio.source()
    studio.page.click("#act-compare")
    studio.page.wait_for_selector("#stage .compare")
    slider = studio.page.locator("#stage [data-compare]")
    slider.focus()
    slider.press("Home")
    assert "0%" in studio.page.get_attribute("#stage .compare", "style")
    slider.fill("50")
    studio.picture("compare")
    studio.page.click("#act-undo")
    studio.wait_for_other(second)
    assert studio.source() == first and studio.page.locator("#act-undo").is_disabled()
    studio.make("make the background blue")
    assert studio.page.locator("#turns ol").count() == 2 and studio.turns() == 3
    assert "from 1" in studio.page.locator("#turns .branch").inner_text()
    studio.picture("branch")
    studio.page.click("#turns button[data-do=go] >> nth=1")
    studio.wait_for_other(studio.source())
    assert studio.source() == second
    studio.page.reload()
    studio.page.wait_for_selector("#turns .branch")
    studio.wait_for_other("")
    assert studio.source() == second and studio.turns() == 3


def test_a_reference_by_its_name(studio, hat):
    dropped = studio.page.evaluate_handle(
        "bytes => { const given = new DataTransfer(); given.items.add(new File("
        "[new Uint8Array(bytes)], 'Top Hat.png', {type: 'image/png'})); return given; }",
        list(hat.read_bytes()),
    )
    studio.page.dispatch_event("#prompt textarea", "drop", {"dataTransfer": dropped})
    studio.page.wait_for_selector(".ref-card")
    assert studio.page.input_value(".ref-card .handle input") == "top_hat"
    name = studio.page.locator(".ref-card .handle input")
    name.fill("square")
    name.press("Enter")
    studio.page.wait_for_selector("[data-handle=square] [data-insert=square]")
    studio.page.fill("#prompt textarea", "the object in")
    studio.page.press("#prompt textarea", "End")
    studio.page.click("[data-insert=square]")
    assert studio.page.input_value("#prompt textarea") == "the object in @square"
    studio.page.click("[data-do=crop]")
    studio.page.wait_for_selector(".crop .box")
    studio.page.fill(".crop [name=right]", "75")
    studio.page.fill(".crop [name=left]", "25")
    studio.picture("crop")
    studio.page.click(".crop [data-do=cut]")
    studio.page.wait_for_selector(".ref-card img[alt='picture square, 32 by 64']")
    studio.make("the object in @square on a plain pink background")
    studio.picture("reference")
    studio.page.click("text=Recipe")
    studio.page.wait_for_selector("#recipe dd:has-text('image')")


def test_what_cannot_be_made_is_said(studio):
    studio.page.fill("#prompt textarea", "put @hta on it <img src=x onerror=alert(1)>")
    studio.page.click("#make")
    studio.page.wait_for_selector("#status .alert")
    assert "no reference is called @hta" in studio.page.locator("#status").inner_text().lower()
    studio.picture("error")
    studio.page.fill("#prompt textarea", "a dog ${1+1} {{2}} <b>bold</b>")
    studio.page.press("#prompt textarea", "Control+Enter")
    studio.wait_for_other("")
    assert "${1+1} {{2}} <b>bold</b>" in studio.page.locator("#stage .caption").inner_text()
    assert studio.faults == []


def test_a_clip_with_its_timeline(studio):
    studio.make(APPLE)
    studio.page.click("#act-animate")
    studio.page.wait_for_selector("#frames input")
    assert studio.page.input_value("#frames input") == "17"
    studio.make("the red apple slides to the right")
    studio.page.wait_for_selector("#stage video")
    scrub = studio.page.locator("#stage [data-scrub]")
    scrub.focus()
    studio.page.evaluate("document.querySelector('#stage video').pause()")
    scrub.fill("8")
    studio.page.wait_for_function(
        "Math.floor(document.querySelector('#stage video').currentTime * "
        "document.querySelector('#stage video').dataset.fps) === 8"
    )
    assert "frame 9 of 17" in studio.page.locator("#stage output").inner_text()
    studio.picture("clip")


def test_variations_the_queue_and_the_gallery(studio):
    studio.make("a yellow star on a plain blue background")
    shown = studio.source()
    studio.page.click("#act-vary")
    studio.page.click("role=tab[name=/Queue/]")
    studio.page.wait_for_selector("#queue li")
    studio.picture("queue")
    studio.wait_for_other(shown)
    assert studio.page.locator("#stage .picks button").count() == 4
    shown = studio.source()
    studio.page.click("#stage .picks button >> nth=2")
    studio.wait_for_other(shown)
    studio.page.click("role=tab[name=Gallery]")
    assert studio.page.locator("#gallery li").count() >= 5
    studio.picture("gallery")
    jobs = studio.page.evaluate("fetch('/v1/jobs').then(r => r.json())")
    assert jobs["data"][0]["n"] == 4


def test_it_works_from_the_keyboard(studio):
    page = studio.page
    page.keyboard.type(APPLE)  # the prompt has the focus
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#cancel", state="visible")
    studio.wait_for_other("")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(
            "(e => [e.closest('#turns') ? 'turns' : e.id || e.closest('[id]')?.id, e.ariaLabel || "
            "e.innerText || e.labels?.[0]?.innerText || ''])(document.activeElement)"))  # fmt: skip
    places = [place for place, _ in reached]
    for place in ("make", "act-edit", "act-animate", "turns"):
        assert place in places, reached
    assert places.index("make") < places.index("act-edit") < places.index("turns")
    nameless = page.evaluate("""[...document.querySelectorAll(
        '#studio :is(button, input, textarea, select)')].filter(e => e.offsetParent && !(
        e.ariaLabel || e.innerText || e.labels?.length || e.getAttribute('aria-labelledby')
        || e.title)).map(e => e.outerHTML.slice(0, 120))""")
    assert nameless == []


def test_a_phone_scrolls_one_way(open_studio, hat):
    studio = open_studio(400, 800, "dark")
    studio.picture("empty")
    studio.page.set_input_files("#composer input[type=file]", str(hat))
    studio.page.wait_for_selector(".ref-card")
    assert studio.overflow() == 0
    studio.make(APPLE)
    studio.picture("result")
    assert studio.overflow() == 0
    for tab in ("Gallery", "Queue", "Turns"):
        studio.page.click(f"role=tab[name=/{tab}/]")
        assert studio.overflow() == 0
    assert studio.faults == []


def test_with_keys_one_signs_in(browser, serve, tmp_path, open_studio):
    import subprocess
    import sys

    made = subprocess.run(
        [sys.executable, "-m", "vino.cli", "keys", "create", "ana", "--data", str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    address = serve(data=tmp_path)
    page = browser.new_context().new_page()
    page.goto(f"{address}/studio")
    page.fill("#key", "vino_wrong")
    page.click("button")
    assert "no valid key" in page.locator("[role=alert]").inner_text()
    page.fill("#key", made.stdout.strip())
    page.click("button")
    page.wait_for_selector("#prompt textarea", timeout=120_000)
    page.fill("#prompt textarea", APPLE)
    page.click("#make")
    page.wait_for_selector("#stage .frame img[src*='/results/']", timeout=120_000)
    assert page.evaluate("document.querySelector('#stage .frame img').naturalWidth") == 64
    assert page.evaluate("document.cookie") == ""
    page.click("text=Sign out")
    page.wait_for_selector("#key")
    page.context.close()
