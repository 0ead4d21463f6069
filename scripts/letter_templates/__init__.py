"""The Word templates of forms/letters/ in the layout of official documents (GB/T 9704-2012), by `python -m scripts.letter_templates`.

Run once to start with, and again after a change here; from then on a bureau may edit the templates in Word. `paper` lays out, the other
modules hold the wording, one function a letter, named like its file.
"""
