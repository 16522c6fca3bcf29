"""The five lanes and what they share: one place to tell them all what is wanted now."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app import plan
from app.batch import Batch
from app.jobs import AnswerQuestion, EmbedFrame, FrameSource
from app.lanes import Job, Lane
from app.look_jobs import PreviewClick
from app.plan import Wanted


class Crew(QObject):
    """Read, embed, decode, batch and keep lanes. They read `wanted`; only `publish` replaces it."""

    answered = Signal(object)
    failed = Signal(object)

    def __init__(self, wanted: Wanted, parent: QObject) -> None:
        super().__init__(parent)
        self._wanted = wanted
        self._batches: list[Batch] = []  # the first runs, the others wait for it
        self._thumbnail_turn = False
        self._sources = [FrameSource() for _ in range(3)]
        read, embed, batch = self._sources
        # Whoever the artist waits for goes first: niceness is inherited by a lane's helpers.
        self.lanes = (
            Lane("read", lambda: plan.pick_read(self._wanted, read), parent=self),
            Lane("embed", lambda: plan.pick_embed(self._wanted, embed), nice=10, parent=self),
            Lane("decode", self._pick_decode, parent=self),
            Lane("batch", lambda: self._pick_batch(batch), nice=5, parent=self),
            Lane("keep", lambda: plan.pick_keep(self._wanted), parent=self),
        )
        for lane in self.lanes:
            lane.answered.connect(self.answered)
            lane.failed.connect(self.failed)
            lane.start()

    def publish(self, wanted: Wanted) -> None:
        """Tell the lanes what is wanted now; an encode or a preview nobody waits for gives way."""
        self._wanted = wanted
        job = self.lanes[1].current
        if isinstance(job, EmbedFrame):
            urgent = plan.urgent_frame(wanted)
            if job.caches is not wanted.caches or urgent not in {None, job.frame}:
                job.cancel.cancel()
        preview = self.lanes[2].current
        if isinstance(preview, PreviewClick) and plan.gives_way(preview, wanted):
            preview.cancel.cancel()
        self.wake()

    def start_batch(self, batch: Batch) -> None:
        """Run `batch` on the batch lane, after those that are not over yet."""
        self._batches = [*(x for x in self._batches if not x.over), batch]
        self.wake()

    @property
    def embedding(self) -> int | None:
        """The frame that is being encoded."""
        job = self.lanes[1].current
        return job.frame if isinstance(job, EmbedFrame) else None

    def shutdown(self) -> None:
        """End every lane and wait for it; a batch is cancelled between two steps."""
        for batch in self._batches:
            batch.cancel()
        for lane in self.lanes:
            lane.stop()
            lane.blockSignals(True)  # noqa: FBT003 - Qt's; nobody is left to hear
        for lane in self.lanes:
            if isinstance(job := lane.current, EmbedFrame | PreviewClick):
                job.cancel.cancel()
        for lane in self.lanes:
            lane.wait()
        for batch in self._batches:
            if not batch.over:
                batch()  # closes its generator, which tidies up
        for source in self._sources:
            source.close()
        self._wanted = Wanted(self._wanted.model)

    def _pick_decode(self) -> Job | None:
        job = plan.pick_decode(self._wanted)
        if self._wanted.questions and not isinstance(job, AnswerQuestion):
            self.lanes[1].wake()  # an embedding thought to be at hand may have turned out torn
        return job

    def _pick_batch(self, source: FrameSource) -> Job | None:
        """A batch and thumbnails take turns: the timeline fills however long the batch is."""
        batch = next((x for x in self._batches if x.waits), None)
        thumbnail = plan.pick_thumbnail(self._wanted, source)
        if batch is None or thumbnail is None:
            return batch or thumbnail
        self._thumbnail_turn = not self._thumbnail_turn
        return thumbnail if self._thumbnail_turn else batch

    def wake(self) -> None:
        """Have every lane ask again what is next; may be called from any thread."""
        for lane in self.lanes:
            lane.wake()
