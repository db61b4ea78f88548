# shellcheck shell=bash
# Makes .venv of the checkout ready, once; sourced by resources/start.sh and tests/run.sh, which set $checkout.

venv="${checkout:?}/.venv"
venv_python="$venv/bin/python"
setup_log="$venv/setup.log"
constraints="$checkout/resources/constraints.txt"
torch_cpu_index="https://download.pytorch.org/whl/cpu"

HOME="${HOME:-$(cd ~ && pwd)}"
# Nothing that another Python set-up exported may leak into ours.
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX
export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# Progress goes to standard error, so that what the program itself prints stays clean.
say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# step TEXT COMMAND...: one line on the screen, everything else in the log.
step() {
    local text="$1"
    shift
    say "$text ..."
    printf '\n== %s\n' "$text" >>"$setup_log"
    if ! "$@" >>"$setup_log" 2>&1; then
        tail -n 5 "$setup_log" >&2
        rm -f "$venv/unfinished"
        fail "That did not work. All of it is in $setup_log; a second start goes on from here."
    fi
}

# prepare_environment program|test: .venv with everything the program needs, or the tests as well.
prepare_environment() {
    local purpose="$1"
    lock_checkout
    if ! is_ready "$purpose"; then
        is_sound || create_venv
        touch "$venv/unfinished"
        install_torch
        install_packages_for "$purpose"
        wanted_state >"$venv/ready-program"
        [[ "$purpose" == program ]] || wanted_state >"$venv/ready-$purpose"
        rm -f "$venv/unfinished"
    fi
    import_from_checkout
    unlock_checkout
}

# Two set-ups at once would tear each other's .venv apart: the second one waits.
lock_checkout() {
    local status=0
    command -v flock >/dev/null || return 0
    exec 9<"$checkout"
    flock -n 9 2>/dev/null || status=$?
    # Any other failure (a folder on NFS cannot be locked) is no reason to stop.
    ((status == 1)) || return 0
    say "Another set-up of this checkout is running; waiting for it ..."
    flock 9
}

unlock_checkout() { exec 9<&-; }

# What .venv must have been made from to count as ready: any change here means another visit by pip.
wanted_state() {
    cat "$constraints" "$checkout/pyproject.toml"
    "$venv_python" -c 'import sys; print(sys.version)'
}

is_ready() {
    local stamp="$venv/ready-$1"
    [[ -f "$stamp" ]] && is_sound && [[ "$(wanted_state)" == "$(<"$stamp")" ]]
}

# Neither half made, nor without its Python, nor robbed of a package that pip would still believe to be there.
is_sound() {
    [[ ! -e "$venv/unfinished" ]] && "$venv_python" - 2>/dev/null <<'PYTHON'
import importlib.metadata as metadata, importlib.util, sys
import pip
wanted = {"torch": "torch", "PySide6-Essentials": "PySide6", "numpy": "numpy", "opencv-python": "cv2", "pillow": "PIL"}
def installed(name):
    return any(True for _ in metadata.distributions(name=name))
lost = [n for n, module in wanted.items() if installed(n) and not importlib.util.find_spec(module)]
sys.exit(bool(lost) or not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON
}

create_venv() {
    local python site_packages=()
    [[ ! -e "$venv" ]] || say "The .venv here is broken or half made: making it anew."
    find_python python
    ! has_pinned_torch "$python" || site_packages=(--system-site-packages)
    rm -rf "$venv"
    mkdir "$venv" 2>/dev/null || fail "$checkout cannot be written; put the checkout where you may write, and start again."
    step "Making .venv with $("$python" --version)" "$python" -m venv "${site_packages[@]}" "$venv"
}

# find_python NAME: puts a Python 3.11 to 3.13 with venv into the variable NAME.
find_python() {
    local -n found="$1"
    local package=python3-venv
    found="$(first_python)" && return
    [[ -z "$found" ]] || package="$(python_name "$found")-venv"
    install_debian_packages "$package" || true
    found="$(first_python)" && return
    [[ -n "$found" ]] || fail "No Python 3.11, 3.12 or 3.13 was found. Install one and start again; if it is not on the PATH, put PYTHON=/where/it/is/python3 before the command."
    fail "$found lacks its module 'venv' or 'ensurepip'. Install it (Debian's package: $package) and start again."
}

# Prints the first Python of a usable version; fails when none of them has venv. Each is really run: a name on the
# PATH may be a version manager's stand-in that only prints an error.
first_python() {
    local candidate without_venv=""
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
        "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue
        if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
        without_venv="${without_venv:-$candidate}"
    done
    printf '%s' "$without_venv"
    return 1
}

python_name() { "$1" -c 'import sys; print("python%d.%d" % sys.version_info[:2])'; }

pinned_torch() { sed -n 's/^torch==//p' "$constraints"; }

# has_pinned_torch PYTHON: "2.13.0+cpu" satisfies "2.13.0", as it does for pip.
has_pinned_torch() {
    "$1" -c 'import sys; from importlib.metadata import version
sys.exit(version("torch").partition("+")[0] != sys.argv[1])' "$(pinned_torch)" 2>/dev/null
}

pip_install() { "$venv_python" -m pip install --only-binary :all: --constraint "$constraints" "$@"; }

# torch comes first and alone: later packages that ask for any torch are then content with it.
install_torch() {
    local torch
    torch="torch==$(pinned_torch)"
    if has_pinned_torch "$venv_python"; then
        return
    elif has_wheel_on_disk "$torch"; then
        step "Installing $torch from the wheel on disk" pip_install --no-index --no-deps "$torch"
    elif [[ "$(uname -s)" != Linux ]]; then
        step "Installing $torch" pip_install "$torch"
    elif has_nvidia_driver; then
        step "Installing $torch for the NVIDIA GPU (several GB, this takes a while)" pip_install "$torch"
    else
        step "Installing $torch for the CPU" pip_install --no-deps --index-url "$torch_cpu_index" "$torch"
    fi
}

# Whether the places that pip's own configuration names (find-links) hold a fitting wheel.
has_wheel_on_disk() {
    "$venv_python" -m pip install --dry-run --no-index --no-deps --only-binary :all: "$1" >>"$setup_log" 2>&1
}

has_nvidia_driver() { [[ -e /proc/driver/nvidia/version ]] || nvidia-smi -L >/dev/null 2>&1; }

install_packages_for() {
    local requirements="$venv/requirements.txt"
    "$venv_python" - "$checkout/pyproject.toml" "$1" >"$requirements" <<'PYTHON'
import sys, tomllib
with open(sys.argv[1], "rb") as file:
    project = tomllib.load(file)["project"]
print(*project["dependencies"], *project["optional-dependencies"].get(sys.argv[2], ()), sep="\n")
PYTHON
    step "Installing the other packages" pip_install --requirement "$requirements"
}

# `python -m lsgui` and `python -m model` work from any folder. Looked at every time: the checkout may have moved, and
# whoever starts it may only be allowed to read it.
import_from_checkout() {
    local pointer
    pointer="$("$venv_python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/lsgui-checkout.pth"
    [[ "$(cat "$pointer" 2>/dev/null)" == "$checkout" ]] || printf '%s\n' "$checkout" >"$pointer"
}
