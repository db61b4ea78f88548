# shellcheck shell=bash
# Finds and installs the Debian packages that Qt needs; sourced after environment.sh.

# Each library that Qt's window plugins and OpenCV load, and the Debian package it is in. It is the library that is
# looked for: package names differ between releases, and other distributions have the library but not the name.
qt_libraries=(
    libEGL.so.1=libegl1 libGL.so.1=libgl1 libglib-2.0.so.0=libglib2.0-0 libdbus-1.so.3=libdbus-1-3
    libfontconfig.so.1=libfontconfig1 libfreetype.so.6=libfreetype6 libxkbcommon.so.0=libxkbcommon0
    libxkbcommon-x11.so.0=libxkbcommon-x11-0 libX11-xcb.so.1=libx11-xcb1 libxcb-cursor.so.0=libxcb-cursor0
    libxcb-icccm.so.4=libxcb-icccm4 libxcb-image.so.0=libxcb-image0 libxcb-keysyms.so.1=libxcb-keysyms1
    libxcb-randr.so.0=libxcb-randr0 libxcb-render-util.so.0=libxcb-render-util0 libxcb-render.so.0=libxcb-render0
    libxcb-shape.so.0=libxcb-shape0 libxcb-shm.so.0=libxcb-shm0 libxcb-sync.so.1=libxcb-sync1
    libxcb-xfixes.so.0=libxcb-xfixes0 libxcb-xkb.so.1=libxcb-xkb1
    libwayland-client.so.0=libwayland-client0 libwayland-cursor.so.0=libwayland-cursor0
    libwayland-egl.so.1=libwayland-egl1
)

# Prints the packages of the libraries that are not there, one a line.
missing_qt_packages() {
    local known entry
    [[ "$(uname -s)" == Linux ]] || return 0
    known="$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null)" || return 0
    for entry in "${qt_libraries[@]}"; do
        # "libc6," leaves out 32-bit libraries, which are listed as plain "libc6".
        [[ "$known" == *"${entry%%=*} (libc6,"* ]] || printf '%s\n' "${entry#*=}"
    done
}

# Prints the packages that the tests need on top: a screen without a screen, and a font with Chinese.
missing_test_packages() {
    [[ "$(uname -s)" == Linux ]] || return 0
    command -v xvfb-run >/dev/null || printf '%s\n' xvfb
    command -v xauth >/dev/null || printf '%s\n' xauth
    command -v git >/dev/null || printf '%s\n' git
    command -v fc-list >/dev/null || printf '%s\n' fontconfig
    [[ -n "$(fc-list :lang=zh-cn family 2>/dev/null)" ]] || printf '%s\n' fonts-noto-cjk
}

# install_debian_packages NAME...: as root at once, by sudo after asking; otherwise says what to install and fails.
install_debian_packages() {
    local install=(apt-get install -y --no-install-recommends "$@")
    (($#)) || return 0
    if ! command -v apt-get >/dev/null; then
        say "Missing on this machine (by their names in Debian): $*"
        say "Install your distribution's packages of the same libraries."
        return 1
    elif [[ "$(id -u)" == 0 ]]; then
        run_apt "$@"
    elif command -v sudo >/dev/null && [[ -t 0 && -t 2 ]] && agreed "$@"; then
        run_apt "$@"
    else
        say "Missing on this machine: $*"
        say "To install them: sudo ${install[*]}"
        return 1
    fi
}

agreed() {
    local answer
    say "These system packages are missing: $*"
    read -r -p "Install them with sudo apt-get? [Y/n] " answer
    [[ -z "$answer" || "$answer" == [Yy]* ]]
}

run_apt() {
    local log as_root=(env DEBIAN_FRONTEND=noninteractive)
    [[ "$(id -u)" == 0 ]] || as_root=(sudo "${as_root[@]}")
    log="$(mktemp)"
    say "Installing system packages: $* ..."
    # An outdated list of some third party's is no reason to stop: the install below tells.
    "${as_root[@]}" apt-get -q update >"$log" 2>&1 || true
    if ! "${as_root[@]}" apt-get -q install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1; then
        tail -n 5 "$log" >&2
        say "apt-get could not install them; all it said is in $log"
        return 1
    fi
    rm -f "$log"
}
