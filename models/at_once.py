"""Points answered as a model's original does it for a picture: all in one pass of the decoder.

At one point the answer is the best of three masks by the model's own score, at several it is the
single mask for sure prompts; SAM 2 takes one of the three there too where that one is not stable,
and does not ask whether the object is there. Used to compare with the original, not to work with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.answer import Answer, Decode, Question
from models.arrays import half, prompt
from models.base import Click, Embedding, Model, Prediction
from models.sam1 import Sam1
from models.sam2 import Sam2
from models.video_answer import answer
from models.video_graphs import features_of


def at_once(model: Model, embedding: Embedding, clicks: Sequence[Click]) -> Prediction:
    """The answer to `clicks`; of another family, what `decode` answers. Raises ModelError."""
    if isinstance(model, Sam1):
        return model.answering_by(best_or_first).decode(embedding, clicks)
    if isinstance(model, Sam2):
        return _sam2(model, embedding, clicks)
    return model.decode(embedding, clicks)


def best_or_first(decode: Decode, question: Question) -> Answer:
    """A policy: the answer to all points so far, whatever was answered before."""
    masks, scores = decode(question.points, question.labels, None)
    token = 1 + int(scores[1:].argmax()) if question.ambiguous else 0
    return Answer(half(masks[token]), float(scores[token]))


def _sam2(model: Sam2, embedding: Embedding, clicks: Sequence[Click]) -> Prediction:
    graphs = model.graphs
    width, height = embedding.frame_size
    points, labels = prompt(clicks, (graphs.size / width, graphs.size / height))
    drawn = graphs.draw(graphs.without_memory(features_of(embedding)), points, labels)
    seen = answer(
        drawn._replace(presence=np.inf),
        ambiguous=len(clicks) == 1,
        rules=graphs.rules,
        no_pointer=graphs.constants.no_pointer,
    )
    return Prediction(half(seen.logits), (0.0, 0.0, width, height), seen.score)
