"""What the keyframe ahead says of the frames before it: a course towards the one at hand."""

from __future__ import annotations

from collections.abc import Sequence

from models.flow_course import Course, Stand

REACH = 60  # frames from which the keyframe ahead is felt, where there is one behind


class Ahead:
    """A course from the keyframe ahead, and where the layer stood on its last REACH frames.

    It ends where the course is lost: on the frames beyond nothing is known.
    """

    def __init__(self, course: Course) -> None:
        self._course = course
        self._stands = dict(course.stands)

    @property
    def frame(self) -> int:
        """Where the course is."""
        return self._course.frame

    def leads(self, key: int, frame: int, step: int) -> bool:
        """Whether it comes from `key` in steps of `step`, and knows or comes to `frame`."""
        course = self._course
        return course.leads(key, frame, step) or (
            (course.key, course.step) == (key, step) and frame in self._stands
        )

    def waits(self, frame: int) -> bool:
        """Whether the course has to go on to tell of `frame`."""
        return frame not in self._stands and not self._course.lost

    def go(self) -> None:
        """To the next frame."""
        stand = self._course.go()
        self._stands[self._course.frame] = stand
        if len(self._stands) > REACH:
            del self._stands[next(iter(self._stands))]

    def stand(self, frame: int) -> Stand | None:
        """The stand on `frame`, None where the layer was lost before."""
        if self._course.lost and frame == self._course.frame:
            return None
        return self._stands.get(frame)


def lead(coming: Sequence[Ahead | None], frame: int) -> None:
    """Go on to `frame` with all there are at once, so that they see each frame together."""
    while waiting := [one for one in coming if one and one.waits(frame)]:
        farthest = max((one.frame for one in waiting), key=lambda other: abs(other - frame))
        for one in waiting:
            if one.frame == farthest:
                one.go()
