"""The emoji world's judge, which knows nothing but the sprites, and the suites it is asked about.

library, backdrop, finding, matching   the parts of the judge
judge                     what a picture shows
motion                    what a clip shows
preservation              what an edit left alone
trials                    questions with their truth
questions, contests       what every suite asks
pictures, edits, clips    what makes an answer right
verdicts                  an answer before the judge
judging                   judging beside the model, in a process of its own
measurements, rewriting   what needs no judge: the autoencoder, speed, captions
pace                      how long it still takes
damage                    how truth is damaged to measure the judge itself
suites                    all of it by name
run                       one suite: ask, judge, and measure the judge
"""
