# shellcheck shell=bash
# The entry in the desktop's menu; sourced after environment.sh.

applications="${XDG_DATA_HOME:-$HOME/.local/share}/applications"
desktop_entry="$applications/lsgui.desktop"

# Writes the entry for this checkout unless it is there already. Never a reason to stop: the program runs without.
add_desktop_entry() {
    local wanted
    wanted="$(desktop_entry_text)"
    [[ "$(uname -s)" == Linux && "$(cat "$desktop_entry" 2>/dev/null)" != "$wanted" ]] || return 0
    if ! { mkdir -p "$applications" && printf '%s\n' "$wanted" >"$desktop_entry"; } 2>/dev/null; then
        say "No entry was added to the desktop's menu: $applications cannot be written."
        return 0
    fi
    say "Added to the desktop's menu: $desktop_entry"
    ! command -v update-desktop-database >/dev/null || update-desktop-database -q "$applications" || true
}

desktop_entry_text() {
    local template
    template="$(<"${checkout:?}/resources/desktop/lsgui.desktop.in")"
    template="${template//@SCRIPT@/"$(exec_quoted "$checkout/resources/start.sh")"}"
    printf '%s\n' "${template//@ICON@/"$(entry_escaped "$checkout/resources/icons/app/lsgui.svg")"}"
}

# A path as one quoted argument of Exec: first the argument's own rules, then those of every value in the file.
exec_quoted() {
    local text="$1" character
    for character in \\ \" \` \$; do
        text="${text//"$character"/"\\$character"}"
    done
    entry_escaped "\"${text//%/%%}\""
}

entry_escaped() { printf '%s' "${1//\\/\\\\}"; }
