#!/usr/bin/env bash
# Installs what is missing into .venv of this checkout, adds an entry to the desktop's menu, opens the program.
set -euo pipefail

checkout="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=resources/setup/environment.sh
source "$checkout/resources/setup/environment.sh"
# shellcheck source=resources/setup/system.sh
source "$checkout/resources/setup/system.sh"
# shellcheck source=resources/setup/desktop.sh
source "$checkout/resources/setup/desktop.sh"

usage() {
    cat <<'TEXT'
bash resources/start.sh [FOLDER] [--no-desktop] [options of lsgui]

Installs what is missing, then opens FOLDER, or resources/sample without one.
  --no-desktop       add no entry to the desktop's menu
  --self-check       say what works on this machine, and exit
  --list-actions     print every action of the window as JSON, and exit
  --screenshot FILE  open the folder, predict its first image, write a picture of the window, and exit
TEXT
}

main() {
    local desktop=yes from_menu="" has_folder="" previous="" argument arguments=()
    for argument in "$@"; do
        case "$argument" in
            -h | --help) usage && return ;;
            --no-desktop) desktop="" && continue ;;
            --from-menu) from_menu=yes && continue ;;
        esac
        takes_value "$previous" || [[ "$argument" == -* ]] || has_folder=yes
        arguments+=("$argument")
        previous="$argument"
    done
    [[ -n "$has_folder" ]] || arguments+=("$checkout/resources/sample")
    [[ -z "$from_menu" ]] || report_to_desktop
    choose_platform "${arguments[@]}"
    install_missing_packages
    prepare_environment program
    [[ -z "$desktop" ]] || add_desktop_entry
    # Without "safe path" a folder called `model` where the user stands would hide ours.
    PYTHONSAFEPATH=1 "$venv_python" -m lsgui "${arguments[@]}"
}

# The word after one of these is not the folder.
takes_value() { [[ "$1" == --@(weights|language|theme|max-megapixels|screenshot) ]]; }

install_missing_packages() {
    local packages
    mapfile -t packages < <(missing_qt_packages)
    install_debian_packages "${packages[@]}" || say "Going on without; the window may not open."
}

# Without a screen there can be no window, but the options that exit by themselves still work.
choose_platform() {
    [[ "$(uname -s)" == Linux && -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}${QT_QPA_PLATFORM:-}" ]] || return 0
    case " $* " in
        *" --self-check "* | *" --list-actions "* | *" --screenshot "*)
            say "No screen here (DISPLAY is not set): drawing off screen."
            export QT_QPA_PLATFORM=offscreen
            ;;
        *) fail "No screen was found (neither DISPLAY nor WAYLAND_DISPLAY is set): start this in a desktop session." ;;
    esac
}

# Started from the menu there is no terminal: what is said goes to a file, and a failure to the screen.
report_to_desktop() {
    local folder="${XDG_STATE_HOME:-$HOME/.local/state}/lsgui"
    mkdir -p "$folder"
    start_log="$folder/start.log"
    exec >"$start_log" 2>&1
    trap 'show_failure $?' EXIT
    [[ -e "$venv/ready-program" ]] || ! command -v notify-send >/dev/null ||
        notify-send "Lightning Segmenter" "Installing what is missing; this takes a few minutes." || true
}

show_failure() {
    local status="$1" text
    ((status)) || return 0
    text="$(printf 'Lightning Segmenter ended with an error:\n\n%s\n\nAll of it is in %s' "$(tail -n 5 "$start_log")" "$start_log")"
    if command -v zenity >/dev/null; then
        zenity --error --no-markup --text="$text"
    elif command -v kdialog >/dev/null; then
        kdialog --error "$text"
    elif command -v xmessage >/dev/null; then
        xmessage "$text"
    elif command -v notify-send >/dev/null; then
        notify-send "Lightning Segmenter" "$text"
    fi
}

main "$@"
