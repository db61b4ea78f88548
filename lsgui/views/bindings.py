"""What each action does: the table's ids, tied to the session's verbs and the canvas."""

from __future__ import annotations

from PySide6.QtCore import Qt

from lsgui.clean_up import TITLES
from lsgui.session import Session
from lsgui.views.action_set import ActionSet
from lsgui.views.canvas import Canvas
from lsgui.views.canvas_input import ZOOM_STEP
from lsgui.views.class_panel import class_digits
from lsgui.views.display import CLASSES_SHOWN, PROVENANCE_SHOWN, Display
from lsgui.views.follower import Follower
from lsgui.views.overlay_key import OverlayKey
from lsgui.views.preferences import Preferences
from lsgui.views.tool_strip import TOOLS
from model.presets import PRESETS

NEED_FOLDER = ("import-masks", "import-classes", "export-classes", "add-class", "edit-class", "mirror", "search", "reload-folder", "undo-anywhere",
               "import-mask-folder", "open-weights", "predict-folder", "next-image", "previous-image")  # fmt: skip
NEED_IMAGE = ("predict", "accept", "save-label", "revert", "fill-rest", "clear-map", "zoom-in", "zoom-out",
              "zoom-fit", "zoom-actual", "accept-region", "copy-previous", "copy-next", "interpolate", "interpolate-all",
              *TITLES)  # fmt: skip


def bind_edit(actions: ActionSet, session: Session) -> None:
    actions.bind("undo", session.undo)
    actions.bind("redo", session.document.redo)
    actions.bind("undo-anywhere", session.undo_anywhere)
    actions.bind("deselect", session.tools.selection.clear)
    for what in TITLES:
        actions.bind(what, lambda what=what: session.clean(what))
    actions.bind("finish-shape", lambda: session.tools.key(Qt.Key.Key_Return))
    actions.bind("remove-vertex", lambda: session.tools.key(Qt.Key.Key_Backspace))
    actions.bind("cancel", lambda: _cancel(session))

    def show_steps() -> None:
        history, gesture = session.document.history, session.document.gesture_active
        actions.enable(history.can_undo or gesture or session.tools.active, "undo")
        actions.enable(history.can_redo and not gesture, "redo")

    def show_shape() -> None:
        tools, gesture = session.tools, session.document.gesture_active
        actions.enable(tools.active, "finish-shape")
        actions.enable(tools.has_corners, "remove-vertex")
        actions.enable(tools.cancellable or gesture or session.predicting, "cancel")

    Follower(
        actions, show_steps, session.document.history.changed, session.document.loaded, session.tools.outline_changed
    )

    def show_selection() -> None:
        actions.enable(session.tools.selection.region is not None, "deselect")

    document = session.document
    changes = session.tools.outline_changed, document.gesture_ended, document.loaded, session.predicting_changed
    Follower(actions, show_shape, *changes)
    Follower(actions, show_selection, session.tools.selection.changed)


def bind_view(actions: ActionSet, canvas: Canvas, display: Display) -> None:
    actions.bind("zoom-in", lambda: canvas.zoom(ZOOM_STEP))
    actions.bind("zoom-out", lambda: canvas.zoom(1 / ZOOM_STEP))
    actions.bind("zoom-fit", canvas.fit)
    actions.bind("zoom-actual", canvas.actual_size)
    key = OverlayKey(display, canvas.window())
    actions.bind("overlay", key.press)
    actions.bind_toggle(
        "show-provenance", lambda shown: display.set_shows(PROVENANCE_SHOWN if shown else CLASSES_SHOWN)
    )
    actions.bind("overlay-less", lambda: display.step_opacity(-1))
    actions.bind("overlay-more", lambda: display.step_opacity(1))
    names = ("abdomen", "liver", "lung", "bone", "mediastinum", "auto")
    for name in names:
        actions.bind(f"window-{name}", lambda name=name: display.choose_preset(name))

    def show() -> None:
        actions.by_id["overlay"].setChecked(display.overlay_visible)
        actions.by_id["show-provenance"].setChecked(display.shows == PROVENANCE_SHOWN)
        for name in names:
            actions.enable(name in display.presets, f"window-{name}")

    Follower(actions, show, display.overlay_changed, display.window_changed)


def bind_tools(actions: ActionSet, session: Session) -> None:
    painting = session.painting
    for tool in TOOLS:
        actions.bind(f"tool-{tool}", lambda tool=tool: setattr(painting, "tool", tool))
    actions.bind("brush-smaller", lambda: painting.step_radius(-1))
    actions.bind("brush-larger", lambda: painting.step_radius(1))
    actions.bind("previous-class", lambda: painting.step_class(-1))
    actions.bind("next-class", lambda: painting.step_class(1))
    actions.bind("swap-class", painting.swap_with_background)
    actions.bind("protect-others", lambda: setattr(painting, "protect_others", not painting.protect_others))
    for digit in range(10):
        actions.bind(f"class-{digit}", lambda digit=digit: _choose_digit(session, digit))

    def show() -> None:
        if f"tool-{painting.tool}" in actions.by_id:
            actions.by_id[f"tool-{painting.tool}"].setChecked(True)

    Follower(actions, show, painting.changed)


def bind_label(actions: ActionSet, session: Session) -> None:
    actions.bind("accept", lambda: session.tools.key(Qt.Key.Key_Return) or session.accept())
    actions.bind("save-label", session.save_label)
    actions.bind("accept-region", session.accept_region)
    actions.bind("copy-previous", lambda: session.copy_from(-1))
    actions.bind("copy-next", lambda: session.copy_from(1))
    actions.bind("interpolate", session.interpolate)
    actions.bind("interpolate-all", lambda: session.interpolate(all_between=True))
    actions.bind("previous-image", session.previous_image)
    actions.bind("next-image", session.next_image)
    actions.bind("revert", session.revert_to_prediction)
    actions.bind("fill-rest", session.fill_rest_with_background)
    actions.bind("clear-map", session.clear_map)
    actions.bind("withdraw-label", session.withdraw_label)


def bind_model(actions: ActionSet, session: Session) -> None:
    actions.bind("predict", session.predict)
    actions.bind("predict-folder", session.predict_folder)
    actions.bind("fine-tune", session.fine_tune)
    actions.bind("finish-fine-tune", session.finish_fine_tune)
    actions.bind("stop-fine-tune", session.stop_fine_tune)
    for preset in PRESETS:
        actions.bind(f"new-model-{preset}", lambda preset=preset: session.new_model(preset))

    def show() -> None:
        actions.enable(session.training.active, "stop-fine-tune")
        actions.enable(session.training.can_finish, "finish-fine-tune")
        training = session.training  # a finished run waits for its answer first, as in the panel
        idle = session.workspace is not None and not training.active and training.pending is None
        actions.enable(idle, "fine-tune", *(f"new-model-{preset}" for preset in PRESETS))

    Follower(actions, show, session.training_changed, session.folder_opened)


def bind_learning(actions: ActionSet, preferences: Preferences) -> None:
    """The check boxes follow, and tell the session."""
    fields = {"learn-unlabelled": "unlabelled", "learn-model-pixels": "model_labels"}
    for name, field in fields.items():
        actions.bind_toggle(name, lambda wanted, field=field: preferences.change(**{field: wanted}))

    def show() -> None:
        for name, field in fields.items():
            actions.by_id[name].setChecked(getattr(preferences.settings, field))

    Follower(actions, show, preferences.changed)


def bind_availability(actions: ActionSet, session: Session) -> None:
    """What needs a folder, an image or a label can be used once there is one."""

    def show() -> None:
        actions.enable(session.workspace is not None, *NEED_FOLDER)
        actions.enable(session.document.image is not None, *NEED_IMAGE)

    def show_label() -> None:
        entry = session.folder.entry(session.document.name)
        actions.enable(entry is not None and entry.has_label, "withdraw-label")

    Follower(actions, show, session.folder_opened, session.document.loaded)
    Follower(actions, show_label, session.folder_refreshed, session.document.loaded, session.entry_changed)


def _cancel(session: Session) -> None:
    """What the hand is at, else the prediction that is waited for."""
    if session.tools.key(Qt.Key.Key_Escape):
        return
    if session.document.gesture_active:
        session.document.restore()
    else:
        session.cancel_prediction()


def _choose_digit(session: Session, digit: int) -> None:
    found = class_digits(session.classes).get(digit)
    if found is not None:
        session.painting.class_value = found.value
