"""The studio: a page at /studio on which pictures and clips are made, edited in turns and compared.

    references  pictures and clips beside the prompt, under names
    prompts     text with those names in it, as segments; and back
    choices     what the controls say, as an order
    turns       the tree of results: edits, branches, undo
    desk        all that one open page holds
    views       HTML of its lists: references, turns, queue, gallery, recipe
    stage       HTML of the result and of one that is being made
    pictures    thumbnails, strips of frames, parts of pictures
    visitor     what the page asks of the server, as the person who opened it
    page        the components
    screen      what of them changes with what the page holds
    acts        what they do
    door        the key as a cookie, and the page that asks for it
    mount       the whole under /studio

Everything goes through `Service`, as requests over HTTP do. All but page, screen, acts and mount
do without Gradio, which is the extra `studio`.
"""

PATH = "/studio"
