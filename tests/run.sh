#!/usr/bin/env bash
# Installs what is missing into .venv of this checkout and runs the tests on a screen of their own.
# Arguments go to pytest: bash tests/run.sh tests/model -k labels
set -euo pipefail

checkout="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=resources/setup/environment.sh
source "$checkout/resources/setup/environment.sh"
# shellcheck source=resources/setup/system.sh
source "$checkout/resources/setup/system.sh"

main() {
    local packages
    mapfile -t packages < <(missing_qt_packages && missing_test_packages)
    install_debian_packages "${packages[@]}" || say "Going on without; tests that need them will fail."
    prepare_environment test
    command -v xvfb-run >/dev/null || fail "The tests need xvfb-run (Debian's packages: xvfb, xauth)."
    cd "$checkout"
    unset WAYLAND_DISPLAY QT_QPA_PLATFORM_PLUGIN_PATH
    export QT_QPA_PLATFORM=xcb
    exec xvfb-run -a -s "-screen 0 1920x1080x24" "$venv_python" -m pytest -n auto --maxprocesses 4 --dist worksteal "$@"
}

main "$@"
