#!/usr/bin/env bash
# Installs the Debian packages that the tests use, where that can be done; says so where it cannot.
set -euo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v firefox-esr >/dev/null || command -v firefox >/dev/null || missing+=(firefox-esr)
command -v strace >/dev/null || missing+=(strace)
[ -x /usr/sbin/nft ] || missing+=(nftables)
command -v ip >/dev/null || missing+=(iproute2)
command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
command -v systemd-analyze >/dev/null || missing+=(systemd)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx)
[ -e /usr/lib/nginx/modules/ngx_stream_module.so ] || missing+=(libnginx-mod-stream)
command -v turnserver >/dev/null || missing+=(coturn)
# What Qt's own packages expect of the system.
libraries=$(PATH="$PATH:/sbin" ldconfig -p 2>/dev/null || true)
for needed in libEGL.so.1=libegl1 libGL.so.1=libgl1 libxkbcommon.so.0=libxkbcommon0 libfontconfig.so.1=libfontconfig1 \
  libdbus-1.so.3=libdbus-1-3 libpulse.so.0=libpulse0; do
  [[ $libraries == *"${needed%=*}"* ]] || missing+=("${needed#*=}")
done
# Chromium without the program around it only makes tests cheaper, and is not in every release.
light=chromium-headless-shell
is_wanted() { ! command -v "$light" && apt-cache show "$light"; } >/dev/null 2>&1
[ ${#missing[@]} -eq 0 ] && ! is_wanted && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  # What is installed for tests must not begin to serve: they start their own.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
  fi
  if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -q
    apt-get install -q -y --no-install-recommends "${missing[@]}"
  fi
  if is_wanted && ! apt-get install -q -y --no-install-recommends "$light"; then
    printf 'offrecord: without %s the tests take longer\n' "$light" >&2
  fi
elif [ ${#missing[@]} -gt 0 ]; then
  printf 'offrecord: the tests need %s; install it and try again\n' "${missing[*]}" >&2
  exit 1
fi
