"""Every action of the program, in the order of its menus: the one place where keys are given.

`call` names what runs: a method of a target ("session", "viewer", "comparison", "lines", "layer",
"lock", "file" or "window"). A row with a `choice` is one of an exclusive set. A checkable row
without one hands on whether it is on; where it has words for off, these stand there while it is on,
and no tick.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

MENUS = ("file", "edit", "view", "playback", "layer", "track", "help")

Translate: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Row:
    """One action. `keys` is as QKeySequence.listFromString reads it, alternatives after "; "."""

    id: str
    text: str  # as in the menu, with its mnemonic
    menu: str  # one of MENUS
    call: str
    keys: str = ""
    icon: str = ""
    tip: str = ""  # one sentence; the key is added to it
    when: str = "always"  # a name in actions.RULES
    args: tuple[object, ...] = ()
    checkable: bool = False
    choice: str = ""  # the exclusive set this row is one of
    divided: bool = False  # a line stands above it in the menu
    off: tuple[str, str, str] | None = None  # text, icon and tip of a checkable one that is on


def action_table(tr: Translate) -> tuple[Row, ...]:
    """All rows, their words translated by `tr`."""
    return (
        *_file_rows(tr),
        *_edit_rows(tr),
        *_view_rows(tr),
        *_playback_rows(tr),
        *_layer_rows(tr),
        *_track_rows(tr),
        *_lock_rows(tr),
        *_help_rows(tr),
    )


def _file_rows(tr: Translate) -> tuple[Row, ...]:
    return (
        Row("file.open", tr("&Open…"), "file", "file.open", "Ctrl+O", "open",
            tr("Open a project, a movie, or one image of a sequence")),
        Row("file.recent", tr("Open &recent"), "file", "window.show_recent", "Ctrl+R", "recent",
            tr("Open one of the projects and clips opened last"), when="recent"),
        Row("file.demo", tr("Open &demo"), "file", "file.open_demo", "", "demo",
            tr("Open the clip that comes with Rotocel")),
        Row("file.save", tr("&Save"), "file", "file.save", "Ctrl+S", "save",
            tr("Save the project; the file before becomes a backup"), when="clip", divided=True),
        Row("file.save_as", tr("Save &as…"), "file", "file.save_as", "Ctrl+Shift+S", "",
            tr("Save the project under another name"), when="clip"),
        Row("file.backups", tr("&Backups"), "file", "file.show_backups", "", "backups",
            tr("Look at what the project was before the latest saves"), when="saved"),
        Row("file.recover", tr("Reco&ver work"), "file", "file.show_recovery", "", "",
            tr("Look at work that was neither saved nor thrown away for good"), divided=True),
        Row("file.footage", tr("&Link footage…"), "file", "file.choose_footage", "", "",
            tr("Choose the movie or the sequence that the project works on"), when="clip"),
        Row("file.models", tr("&Models…"), "file", "window.show_models", "", "cpu",
            tr("Choose the model that answers; get, check and remove models"), divided=True),
        Row("file.export", tr("&Export mattes…"), "file", "window.export_mattes", "Ctrl+E",
            "export", tr("Write the mattes of layers as image sequences"), when="layers",
            divided=True),
        Row("file.close", tr("&Close project"), "file", "file.close", "Ctrl+W", "close",
            tr("Close the project"), when="clip", divided=True),
        Row("file.quit", tr("&Quit"), "file", "window.close", "Ctrl+Q", "quit",
            tr("Quit Rotocel")),
    )  # fmt: skip


def _edit_rows(tr: Translate) -> tuple[Row, ...]:
    return (
        Row("edit.undo", tr("&Undo"), "edit", "session.undo", "Ctrl+Z", "undo",
            tr("Undo the last edit"), when="undo"),
        Row("edit.redo", tr("&Redo"), "edit", "session.redo", "Ctrl+Shift+Z; Ctrl+Y", "redo",
            tr("Redo what was undone"), when="redo"),
        Row("tool.select", tr("&Select"), "edit", "viewer.set_tool", "V", "select",
            tr("Pick and drag points and boxes; with a point picked, arrow keys nudge it by "
               "1 pixel, with Shift by 10"),
            args=("select",), choice="tool", divided=True),
        Row("tool.point", tr("&Point"), "edit", "viewer.set_tool", "P", "point",
            tr("Click to include; right click or Alt+click to exclude; hold Shift, also with Alt, "
               "to see first what a click would give"),
            args=("point",), choice="tool"),
        Row("tool.box", tr("&Box"), "edit", "viewer.set_tool", "R", "box",
            tr("Drag a box round the object"),
            args=("box",), choice="tool"),
        Row("tool.brush", tr("Brus&h"), "edit", "viewer.set_tool", "B", "brush",
            tr("Paint on the layer's mask; right drag or Alt+drag takes away. What is painted is "
               "right: the frame is locked, and tracking holds on to it"),
            args=("brush",), choice="tool"),
        Row("tool.smaller", tr("Sm&aller brush"), "edit", "viewer.resize_brush", "Q", "",
            tr("Take a smaller brush"), when="clip", args=(-1,)),
        Row("tool.larger", tr("Lar&ger brush"), "edit", "viewer.resize_brush", "W", "",
            tr("Take a larger brush"), when="clip", args=(1,)),
        Row("edit.delete", tr("&Delete point or box"), "edit", "viewer.delete_picked",
            "Del; Backspace", "delete", tr("Delete the picked point or box"), when="picked",
            divided=True),
        Row("edit.clear", tr("&Clear prompt of this frame"), "edit", "session.clear_prompt",
            "Shift+Del; Shift+Backspace", "clear",
            tr("Delete every point and the box of the layer on this frame"), when="prompt"),
        Row("edit.proposal", tr("&Next proposal"), "edit", "session.cycle_proposal", "C",
            "proposal", tr("Try the model's next reading of the last click: whole, part, smaller "
                           "part"), when="prompt"),
        Row("edit.shortcuts", tr("&Keyboard shortcuts…"), "edit", "window.edit_shortcuts",
            "Ctrl+Alt+K", "keyboard", tr("Change the keys of any action"), divided=True),
    )  # fmt: skip


def _view_rows(tr: Translate) -> tuple[Row, ...]:
    again = tr("again for the view before")
    return (
        _mode("picture", tr("&Picture"), "Shift+M", tr("The picture alone"), again),
        _mode("overlay", tr("&Overlay"), "M", tr("The matte tinted over the picture"), again),
        _mode("outline", tr("Out&line"), "Shift+O", tr("The edge of the matte alone"), again),
        _mode("matte", tr("&Matte"), "A", tr("The matte in grey"), again),
        _mode("cutout", tr("&Cut-out"), "Shift+A", tr("What the matte keeps, on checks"), again),
        _mode("difference", tr("Diff&erence"), "D", tr("What the last change added to the layer's "
              "matte on this frame, and what it took away"), again),
        Row("view.before", tr("&Before the last change"), "view", "comparison.set_before", "X",
            "before", tr("Show the layer's mask as it was before its last change on this frame; "
                         "held down, only as long"), checkable=True, when="clip"),
        Row("view.points", tr("P&rompts"), "view", "viewer.set_marks_shown", "H", "points",
            tr("Show points and boxes"), checkable=True, divided=True),
        Row("view.onion", tr("Onion &skin"), "view", "lines.set_onion", "G", "onion",
            tr("Show the layer's contours on the frames before (dashed) and after (dotted)"),
            checkable=True, when="clip"),
        Row("view.onion_depth", tr("&Deeper onion skin"), "view", "lines.deepen_onion", "Shift+G",
            "", tr("Show 1, 2 or 3 frames on each side in the onion skin"), when="clip"),
        Row("view.fit", tr("&Fit"), "view", "viewer.fit", "Shift+Z", "fit",
            tr("Fit the picture into the window"), when="clip", divided=True),
        Row("view.actual", tr("&100 %"), "view", "viewer.show_actual_size", "Ctrl+1", "actual",
            tr("One pixel of the clip on one pixel of the screen"), when="clip"),
        Row("view.zoom_in", tr("Zoom &in"), "view", "viewer.zoom_in", "Ctrl++; Ctrl+=", "zoom_in",
            tr("Zoom in (also the wheel, at the cursor)"), when="clip"),
        Row("view.zoom_out", tr("Zoom ou&t"), "view", "viewer.zoom_out", "Ctrl+-", "zoom_out",
            tr("Zoom out (also the wheel, at the cursor)"), when="clip"),
        Row("view.panels", tr("P&anels"), "view", "window.set_panels_shown", "Tab", "panels",
            tr("Show the panels (the key works while the canvas has the keyboard)"),
            checkable=True, when="clip", divided=True),
        Row("view.history", tr("&History"), "view", "window.show_history", "Ctrl+H", "history",
            tr("Show the list of edits")),
        Row("view.review", tr("Revie&w"), "view", "window.show_review", "Ctrl+Shift+R", "warning",
            tr("Show the list of frames that may be wrong")),
        Row("view.next_area", tr("&Next area"), "view", "window.go_to_next_area", "F6", "",
            tr("Give the keyboard to the next area of the window; Esc gives it to the canvas"),
            divided=True),
        Row("view.previous_area", tr("Pre&vious area"), "view", "window.go_to_previous_area",
            "Shift+F6", "", tr("Give the keyboard to the previous area of the window")),
        Row("view.full_screen", tr("F&ull screen"), "view", "window.set_full_screen", "F11",
            "full_screen", tr("Fill the screen"), checkable=True),
    )  # fmt: skip


def _mode(name: str, text: str, keys: str, tip: str, again: str) -> Row:
    return Row(f"view.{name}", text, "view", "viewer.toggle_mode", keys, name, f"{tip}; {again}",
               args=(name,), choice="mode")  # fmt: skip


def _playback_rows(tr: Translate) -> tuple[Row, ...]:
    return (
        _play("play", tr("&Play"), "toggle_play", "Space", "play",
              tr("Play or pause; hold it and drag on the canvas to pan")),
        _play("back", tr("Play &backwards"), "shuttle", "J", "play_back",
              tr("Play backwards; again for double speed"), (-1,)),
        _play("stop", tr("&Stop"), "shuttle", "K", "stop", tr("Stop"), (0,)),
        _play("forward", tr("Play &forwards"), "shuttle", "L", "play",
              tr("Play forwards; again for double speed"), (1,)),
        _play("next", tr("&Next frame"), "step", "Right; .", "next_frame",
              tr("One frame forwards"), (1,), divided=True),
        _play("previous", tr("Pre&vious frame"), "step", "Left; ,", "previous_frame",
              tr("One frame back"), (-1,)),
        _play("next_10", tr("10 frames forwards"), "step", "Shift+Right", "",
              tr("10 frames forwards"), (10,)),
        _play("previous_10", tr("10 frames back"), "step", "Shift+Left", "",
              tr("10 frames back"), (-10,)),
        _play("start", tr("Go to s&tart"), "go_to_start", "Home", "go_to_start",
              tr("Go to the in point, or the first frame")),
        _play("end", tr("Go to &end"), "go_to_end", "End", "go_to_end",
              tr("Go to the out point, or the last frame")),
        _play("previous_keyframe", tr("Previous &keyframe"), "step_keyframe", "Up",
              "previous_keyframe", tr("Go to the previous frame with a prompt"), (-1,)),
        _play("next_keyframe", tr("Ne&xt keyframe"), "step_keyframe", "Down", "next_keyframe",
              tr("Go to the next frame with a prompt"), (1,)),
        _play("set_in", tr("Set &in"), "set_in", "I; [", "set_in",
              tr("Start the range at this frame"), divided=True),
        _play("set_out", tr("Set &out"), "set_out", "O; ]", "set_out",
              tr("End the range at this frame")),
        _play("clear_in_out", tr("&Clear in and out"), "clear_in_out", "Alt+X", "clear_range",
              tr("Take the whole clip as the range")),
        Row("playback.loop", tr("&Loop"), "playback", "session.set_looping", "Ctrl+/", "loop",
            tr("Start again at the end"), when="clip", checkable=True, divided=True),
    )  # fmt: skip


def _play(
    name: str,
    text: str,
    call: str,
    keys: str,
    icon: str,
    tip: str,
    args: tuple[object, ...] = (),
    *,
    divided: bool = False,
) -> Row:
    return Row(f"playback.{name}", text, "playback", f"session.{call}", keys, icon, tip,
               when="clip", args=args, divided=divided)  # fmt: skip


def _layer_rows(tr: Translate) -> tuple[Row, ...]:
    return (
        Row("layer.new", tr("&New"), "layer", "session.add_layer", "Ctrl+Shift+N", "add",
            tr("Add a layer"), when="clip"),
        Row("layer.rename", tr("&Rename…"), "layer", "window.rename_layer", "F2", "rename",
            tr("Rename the layer"), when="layer"),
        Row("layer.delete", tr("&Delete"), "layer", "layer.delete", "Ctrl+Shift+Del",
            "delete", tr("Delete the layer"), when="layer"),
        Row("layer.shown", tr("&Show"), "layer", "layer.set_shown", "Shift+H", "eye",
            tr("Show the layer on the canvas"), when="layer", checkable=True, divided=True),
        Row("layer.solo", tr("S&olo"), "layer", "layer.set_solo", "Shift+S", "solo",
            tr("Show this layer alone"), when="layer", checkable=True),
        Row("layer.locked", tr("&Lock"), "layer", "layer.set_locked", "Shift+L", "lock",
            tr("Keep the layer from being changed"), when="layer", checkable=True,
            off=(tr("Un&lock"), "unlock", tr("Let the layer be changed again"))),
        Row("layer.up", tr("Move &up"), "layer", "layer.move", "Ctrl+Up", "up",
            tr("Move the layer up"), when="layer_above", args=(-1,), divided=True),
        Row("layer.down", tr("Move do&wn"), "layer", "layer.move", "Ctrl+Down", "down",
            tr("Move the layer down"), when="layer_below", args=(1,)),
        *(
            Row(f"layer.{number}", f"{tr('Layer')} &{number}", "layer",
                "session.select_layer_number", str(number), "",
                f"{tr('Work on layer')} {number}", when="layers", args=(number,),
                divided=number == 1)
            for number in range(1, 10)
        ),
    )  # fmt: skip


def _track_rows(tr: Translate) -> tuple[Row, ...]:
    return (
        _track("forward", tr("Propagate &forwards"), "F",
               tr("Carry the layer's mask from its keyframe on to the out point, or the end")),
        _track("backward", tr("Propagate &backwards"), "Shift+F",
               tr("Carry the layer's mask from its keyframe back to the in point, or the start")),
        _track("both", tr("Propagate both &ways"), "Ctrl+T",
               tr("Carry the layer's mask from its keyframe on to the out point and back to the "
                  "in point")),
        _track_all("all_forward", tr("Propagate every layer forwards"), "", "forward",
                   tr("Carry the masks of every layer from its keyframe on to the out point"),
                   divided=True),
        _track_all("all_backward", tr("Propagate every layer backwards"), "", "backward",
                   tr("Carry the masks of every layer from its keyframe back to the in point")),
        _track_all("all", tr("Propagate &every layer both ways"), "Ctrl+Shift+T", "both",
                   tr("Carry the masks of every layer from its keyframe both ways")),
        _track_all("all_next", tr("Propagate every layer to its next keyframe"), "", "forward",
                   tr("Carry the masks of every layer on as far as its own next keyframe"),
                   "keyframe"),
        _track_all("all_previous", tr("Propagate every layer to its previous keyframe"), "",
                   "backward", tr("Carry the masks of every layer back as far as its own keyframe "
                                  "before"), "keyframe"),
        Row("track.fix", tr("Carry the fi&x outwards"), "track", "session.propagate_fix", "T",
            "propagate_both",
            tr("Propagate the correction on this frame both ways, as far as it changes anything"),
            when="propagate_fix", divided=True),
        Row("track.next", tr("Propagate to the &next keyframe"), "track", "session.propagate",
            "Ctrl+F", "propagate_forward",
            tr("Carry the layer's mask on as far as its next keyframe"),
            when="propagate", args=("forward", "keyframe")),
        Row("track.previous", tr("Propagate to the &previous keyframe"), "track",
            "session.propagate", "Ctrl+Shift+F", "propagate_backward",
            tr("Carry the layer's mask back as far as the keyframe before"),
            when="propagate", args=("backward", "keyframe")),
        Row("track.one_on", tr("Propagate &one frame on"), "track", "session.propagate_one",
            "Ctrl+Right", "next_frame",
            tr("Carry the layer's mask to the next frame, and go there"),
            when="propagate", args=(1,)),
        Row("track.one_back", tr("Propagate one frame bac&k"), "track", "session.propagate_one",
            "Ctrl+Left", "previous_frame",
            tr("Carry the layer's mask to the frame before, and go there"),
            when="propagate", args=(-1,)),
        Row("track.pause", tr("Pa&use propagation"), "track", "session.pause_propagation",
            "Ctrl+Shift+P", "pause", tr("Wait after the present frame, or go on"),
            when="propagating", divided=True),
        Row("track.cancel", tr("&Cancel propagation"), "track", "session.cancel_propagation",
            "Ctrl+.", "stop", tr("Stop now; the masks that came stay"), when="propagating"),
        Row("track.next_suspect", tr("Next &suspect frame"), "track", "session.step_suspect", "N",
            "next_suspect", tr("Go to the next frame of the layer that may be wrong"),
            when="suspects", args=(1,), divided=True),
        Row("track.previous_suspect", tr("Previous suspec&t frame"), "track",
            "session.step_suspect", "Shift+N", "previous_suspect",
            tr("Go to the previous frame of the layer that may be wrong"),
            when="suspects", args=(-1,)),
        Row("track.approve", tr("Looks ri&ght"), "track", "session.approve", "Y", "check",
            tr("Take this frame of the layer from the list, until it is propagated anew"),
            when="suspect"),
    )  # fmt: skip


def _track(direction: str, text: str, keys: str, tip: str) -> Row:
    return Row(f"track.{direction}", text, "track", "session.propagate", keys,
               f"propagate_{direction}", tip, when="propagate", args=(direction,))  # fmt: skip


def _track_all(
    name: str,
    text: str,
    keys: str,
    direction: str,
    tip: str,
    extent: str = "end",
    *,
    divided: bool = False,
) -> Row:
    icon = "propagate_all" if direction == "both" else ""
    return Row(f"track.{name}", text, "track", "session.propagate_all", keys, icon, tip,
               when="propagate_all", args=(direction, extent), divided=divided)  # fmt: skip


def _lock_rows(tr: Translate) -> tuple[Row, ...]:
    return (
        Row("track.lock", tr("&Lock frame"), "track", "lock.set_locked", "Ctrl+L", "lock",
            tr("Keep the layer's mask on this frame: nothing changes it, and tracking holds on to "
               "it"), when="lock", checkable=True, divided=True,
            off=(tr("Un&lock frame"), "unlock",
                 tr("Let the layer's mask on this frame be changed again"))),
        Row("track.lock_range", tr("Lock &in/out range"), "track", "lock.lock_range",
            "Ctrl+Shift+L", "", tr("Lock every frame between in and out that has a mask"),
            when="lock_range"),
        Row("track.unlock_range", tr("Unlock in/out &range"), "track", "lock.unlock_range", "", "",
            tr("Let masks between in and out be changed again"), when="unlock_range"),
        Row("track.absent", tr("Mark absent &here"), "track", "lock.mark_absent", "", "",
            tr("Say that the object is not on this frame; the frame is locked"), when="absent"),
        Row("track.absent_range", tr("Mark &absent in in/out"), "track", "lock.mark_range_absent",
            "", "", tr("Say that the object is on no frame between in and out; they are locked"),
            when="absent_range"),
        Row("track.import", tr("Import &masks…"), "track", "lock.import_files", "", "",
            tr("Take masks from image files, by the frame numbers in their names, else from the "
               "playhead on; their frames are locked"), when="import", divided=True),
        Row("track.import_folder", tr("Import a fol&der of masks…"), "track",
            "lock.import_folder", "", "", tr("Take the sequence of masks in a folder"),
            when="import"),
        Row("track.cancel_import", tr("Cancel import"), "track", "session.cancel_import", "", "",
            tr("Stop reading masks; the project stays as it was"), when="importing"),
    )  # fmt: skip


def _help_rows(tr: Translate) -> tuple[Row, ...]:
    return (
        Row("help.sheet", tr("&Shortcut sheet"), "help", "window.show_shortcuts", "?", "keyboard",
            tr("All keys on one sheet")),
        Row("help.log", tr("Open &log folder"), "help", "window.open_log_folder", "", "log",
            tr("Open the folder of log files")),
        Row("help.report", tr("Make an error &report…"), "help", "window.make_report", "", "report",
            tr("Gather what helps to find a fault; you read it before anyone else does")),
        Row("help.news", tr("What is &new"), "help", "window.show_news", "", "news",
            tr("What each version brought")),
        Row("help.about", tr("&About Rotocel"), "help", "window.show_about", "", "info",
            tr("Version and licences")),
    )  # fmt: skip
